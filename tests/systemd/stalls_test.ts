/** Each kind of stall by itself: the watchdog fires, or the program recovers, as docs/systemd.md says. */
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { type Needs, needs } from "../skip.ts";
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
import { bootHost, type Host, must } from "./lab.ts";
import { link } from "./link.ts";

const STUCK_FUSE = new URL("stuck_fuse.py", import.meta.url).pathname;
const FUSE: Needs = LAB.kernel?.present()
  ? {
    ...LAB,
    commands: [...LAB.commands ?? [], "/usr/bin/python3"],
    kernel: { feature: "FUSE", present: () => existsSync("/dev/fuse") },
  }
  : LAB;

/** A command for bash: did the watchdog end the unit? */
function fired(unit: string): string {
  const journal = `journalctl -u ${unit} -o cat`;
  return `${journal} | grep -q 'Watchdog timeout' && ${journal} | grep -q 'with signal SIGABRT'`;
}

Deno.test({
  ...needs("a process that is stopped is ended by the watchdog and started again", LAB),
  async fn() {
    await using host = await bootHost({ name: "lab" });
    await install(host);
    const commit = await configureReceiver(host);
    await configureShipper(host);
    await host.run(["systemctl", "start", RECEIVER]);
    await host.run([
      "systemd-run",
      ...["--unit=stopped", "--uid=cis490", "-p", "Type=notify", "-p", "WatchdogSec=10"],
      ...["-p", "Restart=on-failure", "-p", "TimeoutStopSec=5"],
      ...["cis490", "ship", "--daemon"],
    ]);
    assert.equal(await show(host, "stopped", "ActiveState"), "active");
    const pid = await show(host, "stopped", "MainPID");
    await record(host, ["a", "b"], commit, 4096);
    await host.run(`kill -STOP ${pid}`);
    const began = performance.now();
    await until(host, 40, fired("stopped"));
    const afterMs = performance.now() - began;
    assert.ok(afterMs > 5000 && afterMs < 15_000, `after ${afterMs} ms`);
    assert.equal((await journal(host, "stopped", "Watchdog timeout \\(limit 10s\\)!")).length, 1);
    await until(host, 40, "test -d /var/lib/cis490/shipped/a -a -d /var/lib/cis490/shipped/b");
    await host.run('test -z "$(ls /var/lib/cis490/episodes /var/lib/cis490/outbox | grep -v :)"');
    assert.equal(await show(host, "stopped", "NRestarts"), "1");
    assert.notEqual(await show(host, "stopped", "MainPID"), pid);
  },
});

Deno.test({
  ...needs("a disk that does not answer: both daemons are ended, and go on when it answers", LAB),
  async fn() {
    await using host = await bootHost({ name: "lab" });
    await using disk = await attachDisk(host, "/var/lib/cis490", 256);
    await install(host);
    await host.run("chown cis490:cis490 /var/lib/cis490; systemd-tmpfiles --create cis490.conf");
    const commit = await configureReceiver(host);
    await configureShipper(host);
    for (const unit of [SHIPPER, RECEIVER]) {
      await dropIn(host, unit, "WatchdogSec=5\nTimeoutStopSec=2\nRestartSec=100ms\nExecStartPre=");
    }
    await host.run(["systemctl", "start", RECEIVER, SHIPPER]);
    await record(host, ["a"], commit);
    await until(host, 40, "test -d /var/lib/cis490/shipped/a");

    // What writes after this hangs where no signal reaches it; the shipper must not have done so before.
    await host.run(`systemctl kill -s STOP ${SHIPPER}`);
    await record(host, ["b", "c"], commit, 4096);
    await disk.freeze();
    await host.run(`systemctl kill -s CONT ${SHIPPER}`);
    await until(host, 40, `${fired(SHIPPER)} && ${fired(RECEIVER)}`);
    await disk.thaw();
    await until(host, 40, "test -d /var/lib/cis490/shipped/b -a -d /var/lib/cis490/shipped/c");
    for (const unit of [SHIPPER, RECEIVER]) {
      await until(host, 40, `systemctl is-active ${unit}`);
      assert.deepEqual(await journal(host, unit, "start-limit"), []);
    }
    await host.run(["systemctl", "stop", RECEIVER, SHIPPER]);
  },
});

interface Disk extends AsyncDisposable {
  /** Every write to it blocks, uninterruptibly, until {@link thaw}. */
  freeze(): Promise<void>;
  thaw(): Promise<void>;
}

/** An ext4 of its own for one directory of the host. */
async function attachDisk(host: Host, path: string, mib: number): Promise<Disk> {
  const image = `${host.state}/extra.img`;
  await must("truncate", ["-s", `${mib}M`, image]);
  await must("mkfs.ext4", ["-q", "-F", image]);
  const device = (await must("losetup", ["--find", "--show", image])).stdout.trim();
  const number = device.replace("/dev/loop", "");
  await host.run(`mkdir -p ${path}; mknod ${device} b 7 ${number}; mount ${device} ${path}`);
  let isFrozen = false;
  const disk = {
    async freeze() {
      isFrozen = true;
      await host.run(["fsfreeze", "--freeze", path]);
    },
    async thaw() {
      isFrozen = false;
      await host.run(["fsfreeze", "--unfreeze", path]);
    },
    async [Symbol.asyncDispose]() {
      // A frozen file system would hold the host's processes for ever.
      if (isFrozen) await disk.thaw();
      await must("losetup", ["--detach", device]);
    },
  };
  return disk;
}

Deno.test({
  ...needs("an episode that hangs while it is packed ends the shipper, however busy it is", FUSE),
  async fn() {
    await using host = await bootHost({ name: "lab" });
    await install(host);
    const commit = await configureReceiver(host);
    await configureShipper(host);
    await dropIn(host, SHIPPER, "WatchdogSec=9\nTimeoutStopSec=2\nRestartSec=100ms\nExecStartPre=");
    await host.write("/tmp/stuck_fuse.py", await Deno.readTextFile(STUCK_FUSE));
    const meta = JSON.stringify({ code_version: { commit } });
    await host.run(["mkdir", "-p", "/var/lib/cis490/episodes/stuck"]);
    await host.run([
      ...["systemd-run", "--unit=fuse", "python3", "/tmp/stuck_fuse.py"],
      ...["/var/lib/cis490/episodes/stuck", meta],
    ]);
    await until(host, 40, "test -f /var/lib/cis490/episodes/stuck/meta.json");
    // Half a minute on this link: its pieces move all the time.
    await record(host, ["busy"], commit, 60 * 1024);
    await host.run("tc qdisc add dev lo root tbf rate 16mbit burst 256kb latency 400ms");
    await host.run(`systemctl start ${RECEIVER} && systemctl start ${SHIPPER}`);
    await until(host, 40, fired(SHIPPER));
    const { stdout } = await host.run("du -sm /var/lib/cis490/store/uploads");
    assert.ok(parseInt(stdout) > 8, "the other one was on its way: " + stdout);
    await host.run("test -d /var/lib/cis490/episodes/busy");
    await host.run("tc qdisc del dev lo root");

    await host.run(["systemctl", "stop", "fuse"]);
    await host.run("umount /var/lib/cis490/episodes/stuck; rmdir /var/lib/cis490/episodes/stuck");
    await until(host, 40, 'test "$(ls /var/lib/cis490/episodes | wc -l)" = 0');
    assert.equal(await show(host, SHIPPER, "ActiveState"), "active");
  },
});

Deno.test({
  ...needs("a receiver that accepts and never answers is an outage, not a stall", LAB),
  async fn() {
    await using host = await bootHost({ name: "lab" });
    await install(host);
    const commit = await configureReceiver(host);
    await configureShipper(host);
    await host.run(["systemctl", "start", RECEIVER, SHIPPER]);
    await host.run(`systemctl kill -s STOP ${RECEIVER}`);
    await record(host, ["a"], commit);
    await until(host, 60, `journalctl -u ${SHIPPER} | grep -q event=receiver-away`);
    await host.run(`systemctl kill -s CONT ${RECEIVER}; cis490 ship --now`);
    await until(host, 40, "test -d /var/lib/cis490/shipped/a");
    assert.equal(await show(host, SHIPPER, "NRestarts"), "0");
    assert.deepEqual(await journal(host, SHIPPER, "Watchdog"), []);
  },
});

Deno.test({
  ...needs(
    "a receiver whose socket was taken away is ended by the watchdog, and listens again",
    LAB,
  ),
  async fn() {
    await using host = await bootHost({ name: "lab" });
    await install(host);
    await configureReceiver(host, "unix:/run/cis490/receive.sock");
    await dropIn(
      host,
      RECEIVER,
      "WatchdogSec=6\nTimeoutStopSec=2\nRestartSec=100ms\nExecStartPre=",
    );
    await host.run(["systemctl", "start", RECEIVER]);
    const answers = "curl -sf --unix-socket /run/cis490/receive.sock http://pi/readyz";
    await until(host, 30, answers);
    await host.run("rm /run/cis490/receive.sock");
    await until(host, 40, fired(RECEIVER));
    await until(host, 30, answers);
    assert.equal((await journal(host, RECEIVER, "event=self-check-failed")).length, 1);
    assert.equal(await show(host, RECEIVER, "NRestarts"), "1");
  },
});

/** 1: 20 MB, as long as three minutes; else 7 MB at 2 Mbit/s. */
const SLOW_MBIT = Number(Deno.env.get("CIS490_SLOW_MBIT") ?? 2);
const SLOW_KIB = SLOW_MBIT === 1 ? 20_000 : 7 * 1024;

Deno.test({
  ...needs("a slow upload and an idle receiver live through several watchdogs", LAB),
  async fn() {
    await using lab = await bootHost({ name: "lab" });
    await using pi = await bootHost({ name: "pi" });
    const cable = await link(lab, pi);
    await install(pi);
    const commit = await configureReceiver(pi, "10.77.0.2:8490");
    // The cable is a network of its own, which IPAddressDeny= would close.
    await dropIn(pi, RECEIVER, "WatchdogSec=12\nIPAddressDeny=\nIPAddressAllow=");
    await pi.run(["systemctl", "start", RECEIVER]);
    await install(lab);
    await configureShipper(lab);
    await lab.run(
      `sed -i 's,127.0.0.1:8490",pi:8490"\\ninsecure = true,' /etc/cis490/lab-host.toml`,
    );
    await lab.write(
      "/etc/cis490/token",
      (await pi.run("cis490 receive token add lab-1")).stdout,
      0o644,
    );
    await dropIn(lab, SHIPPER, "WatchdogSec=12");
    await cable.setRateMbit(SLOW_MBIT);
    await lab.run(["systemctl", "start", SHIPPER]);
    await record(lab, ["large"], commit, SLOW_KIB);
    const began = performance.now();
    await until(lab, 300, "test -d /var/lib/cis490/shipped/large/episode");
    const seconds = (performance.now() - began) / 1000;
    assert.ok(seconds > 24, `it took ${seconds} s, which proves nothing`);
    for (const [host, unit] of [[lab, SHIPPER], [pi, RECEIVER]] as const) {
      assert.equal(await show(host, unit, "NRestarts"), "0");
      assert.deepEqual(await journal(host, unit, "Watchdog timeout"), []);
    }
    // Short of what a request may take, and told so.
    assert.equal((await journal(lab, SHIPPER, "event=watchdog-short")).length, 1);
  },
});
