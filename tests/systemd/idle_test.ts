/** What the daemons cost while nothing happens, and the timer that takes the shipper's place. */
import assert from "node:assert/strict";
import { needs } from "../skip.ts";
import { LAB } from "./can_boot.ts";
import {
  configureReceiver,
  configureShipper,
  dropIn,
  install,
  journal,
  RECEIVER,
  record,
  SHIPPER,
  show,
  until,
} from "./installed.ts";
import { bootHost, type Host } from "./lab.ts";

/** `deno task test:systemd-long` has ten minutes. */
const SOAK_S = Number(Deno.env.get("CIS490_SOAK_S") ?? 30);
/** Each costs a processor its sleep, whatever machine it is. A timer that ticks once a second adds two. */
const MOST_WAKE_UPS_PER_S = { [SHIPPER]: 4, [RECEIVER]: 2.5 };
/** Of one core: a loop that spins. What it is on a quiet machine stands in docs/systemd.md. */
const MOST_CPU = 0.015;
/** A collection may come just after the last look. */
const MOST_GROWTH_KIB = 8 * 1024;

interface Cost {
  /** Seconds of a core. */
  readonly cpuS: number;
  readonly rssKib: number;
  /** By thread. */
  readonly wakeUps: ReadonlyMap<string, number>;
}

async function costOf(host: Host, unit: string): Promise<Cost> {
  const pid = await show(host, unit, "MainPID");
  const { stdout } = await host.run(
    `cat /proc/${pid}/stat; grep VmRSS /proc/${pid}/status; getconf CLK_TCK; ` +
      `grep -H ^voluntary_ctxt /proc/${pid}/task/*/status`,
  );
  const fields = stdout.slice(stdout.lastIndexOf(") ") + 2).split(/\s+/);
  const rss = /VmRSS:\s+(\d+) kB\n(\d+)/.exec(stdout);
  const ticks = Number(fields[11]) + Number(fields[12]);
  const wakeUps = new Map(
    [...stdout.matchAll(/^\/proc\/\d+\/task\/(\d+)\/status:voluntary_ctxt_switches:\s+(\d+)$/gm)]
      .map(([, thread = "", count]) => [thread, Number(count)] as const),
  );
  return { cpuS: ticks / Number(rss?.[2]), rssKib: Number(rss?.[1]), wakeUps };
}

/** Of the threads that lived all the time: one that ends meanwhile takes its count with it. */
function wakeUpsBetween(from: Cost, to: Cost): number {
  let sum = 0;
  for (const [thread, count] of to.wakeUps) sum += count - (from.wakeUps.get(thread) ?? count);
  return sum;
}

const sleep = (seconds: number) => new Promise((resolve) => setTimeout(resolve, seconds * 1000));

Deno.test({
  ...needs(
    `for ${SOAK_S} idle seconds both daemons cost next to nothing, and feed their watchdog`,
    LAB,
  ),
  async fn() {
    await using host = await bootHost({ name: "lab" });
    await install(host);
    const commit = await configureReceiver(host);
    await configureShipper(host);
    // As it is installed: a look every 5 s.
    await host.run("sed -i /scan_interval_s/d /etc/cis490/lab-host.toml");
    for (const unit of [SHIPPER, RECEIVER]) await dropIn(host, unit, "WatchdogSec=15");
    await host.run(["systemctl", "start", RECEIVER, SHIPPER]);
    // What was shipped before, and what is held, must cost nothing either.
    await record(host, Array.from({ length: 200 }, (_, at) => `old-${at}`), commit, 1);
    await until(host, 120, 'test "$(ls /var/lib/cis490/episodes | wc -l)" = 0');
    await record(host, ["held-1", "held-2"], "0".repeat(40), 1);
    await until(host, 30, `systemctl show -P StatusText ${SHIPPER} | grep -q '2 episodes held'`);
    // What is compiled and collected after the work.
    await sleep(10);
    const units = [SHIPPER, RECEIVER] as const;
    const before = await Promise.all(units.map((unit) => costOf(host, unit)));
    const began = performance.now();
    await sleep(SOAK_S);
    const after = await Promise.all(units.map((unit) => costOf(host, unit)));
    const seconds = (performance.now() - began) / 1000;
    for (const [at, unit] of units.entries()) {
      const [from, to] = [before[at], after[at]];
      assert.ok(from !== undefined && to !== undefined);
      const cpu = (to.cpuS - from.cpuS) / seconds;
      const growthKib = to.rssKib - from.rssKib;
      const wakeUpsPerS = wakeUpsBetween(from, to) / seconds;
      console.log(
        `${unit}: ${(cpu * 100).toFixed(2)} % of a core, ${wakeUpsPerS.toFixed(1)} wake-ups/s, ${
          to.rssKib >> 10
        } MiB, ` +
          `${growthKib} KiB more than ${seconds.toFixed(0)} s before`,
      );
      assert.ok(
        wakeUpsPerS < MOST_WAKE_UPS_PER_S[unit],
        `${unit}: ${wakeUpsPerS.toFixed(1)} wake-ups/s`,
      );
      assert.ok(cpu < MOST_CPU, `${unit}: ${cpu}`);
      assert.ok(growthKib < MOST_GROWTH_KIB, `${unit}: ${growthKib} KiB`);
      assert.equal(await show(host, unit, "NRestarts"), "0");
      assert.deepEqual(await journal(host, unit, "Watchdog timeout"), []);
    }
  },
});

Deno.test({
  ...needs("the timer ships again and again by itself, and leaves a running daemon alone", LAB),
  async fn() {
    await using host = await bootHost({ name: "lab" });
    await install(host);
    const commit = await configureReceiver(host);
    await configureShipper(host);
    await host.write(
      "/etc/systemd/system/cis490-ship.timer.d/lab.conf",
      // An empty one takes back all of them (systemd.timer(5)).
      "[Timer]\nOnBootSec=\nOnBootSec=1s\nOnUnitInactiveSec=2s\n" +
        "RandomizedDelaySec=0\nAccuracySec=100ms\n",
    );
    await host.run(["systemctl", "enable", RECEIVER, "cis490-ship.timer"]);
    await record(host, ["before-boot"], commit);
    await host.reboot();
    await until(host, 60, "test -d /var/lib/cis490/shipped/before-boot/episode");
    await record(host, ["later"], commit);
    await until(host, 60, "test -d /var/lib/cis490/shipped/later/episode");
    const passes = await journal(host, "cis490-ship", "event=shipper-started");
    assert.ok(passes.length >= 2, `${passes.length} passes`);

    await host.run(["systemctl", "start", SHIPPER]);
    await until(host, 30, 'test "$(systemctl show -P ConditionResult cis490-ship)" = no');
    assert.equal(await show(host, SHIPPER, "ActiveState"), "active");
  },
});
