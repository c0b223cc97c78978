/**
 * A lab host behind 10 Mbit/s: how busy the link is, and what `compression_level = "auto"` spares it.
 *
 *     deno task bench:slow-link        as root: two network namespaces and a cable
 */
import { CABLE, Cable, PI } from "../tests/net/cable.ts";
import { LabHost } from "../tests/transport/lab_host.ts";
import { Pi } from "../tests/transport/pi.ts";
import { describeMachine, formatMachine } from "./machine.ts";
import { record } from "./recordings.ts";
import type { Workload } from "./workloads.ts";

const LINK_KBIT = 10_000;
const NAME = "lab-host-01";
const WORKLOAD: Workload = { name: "slow link", episodes: 12, episodeBytes: 20e6 };

interface Sent {
  readonly wallS: number;
  /** That left the lab host, with all headers down to Ethernet's. */
  readonly wireBytes: number;
  /** Of the archives. */
  readonly archiveBytes: number;
}

if (Deno.uid() !== 0 || CABLE.kernel?.present() === false) {
  console.error("bench: a cable between network namespaces needs root, iproute2 and nftables");
  Deno.exit(1);
}
console.log(formatMachine(await describeMachine("/tmp")));
const fixed = await ship("3");
print("3", fixed);
const auto = await ship('"auto"');
print("auto", auto);
const spared = 100 * (1 - auto.archiveBytes / fixed.archiveBytes);
console.log(`auto sends ${spared.toFixed(1)} % fewer bytes than level 3`);

async function ship(level: string): Promise<Sent> {
  await using cable = await Cable.lay();
  await cable.setRate(LINK_KBIT);
  await using pi = await Pi.start({ prefix: cable.at("pi"), listen: `127.0.0.1:8490` });
  await using proxy = await forward(cable);
  await using host = await LabHost.create({
    url: `http://${PI}:8443`,
    token: await pi.token(NAME),
    stamp: pi.stamp,
    transport: `compression_level = ${level}`,
  });
  void proxy;
  await record(`${host.root}/data/episodes`, WORKLOAD, { stamp: pi.stamp, seed: 1 });
  const bytesBefore = await bytesSent(cable);
  const began = performance.now();
  await using daemon = host.daemon({ prefix: cable.at("lab") });
  await daemon.until(/event=episode-shipped/, 600_000, WORKLOAD.episodes);
  const wallS = (performance.now() - began) / 1000;
  const sizes = [...daemon.log.matchAll(/event=episode-shipped .*?bytes=(\d+)/g)];
  return {
    wallS,
    wireBytes: await bytesSent(cable) - bytesBefore,
    archiveBytes: sizes.reduce((sum, [, bytes]) => sum + Number(bytes), 0),
  };
}

/** The receiver speaks plain HTTP on loopback alone. */
async function forward(cable: Cable): Promise<AsyncDisposable> {
  const meter = new URL("../tests/net/meter.ts", import.meta.url).pathname;
  const [command = "", ...prefix] = cable.at("pi");
  const child = new Deno.Command(command, {
    args: [...prefix, Deno.execPath(), "run", "-A", meter, PI, "8443", "8490", "0"],
    stdin: "null",
    stdout: "piped",
  }).spawn();
  const reader = child.stdout.getReader();
  await reader.read();
  const drained = (async () => {
    while (!(await reader.read()).done);
  })();
  return {
    async [Symbol.asyncDispose]() {
      child.kill();
      await child.status;
      await drained;
    },
  };
}

async function bytesSent(cable: Cable): Promise<number> {
  const [command = "", ...prefix] = cable.at("lab");
  const { stdout } = await new Deno.Command(command, {
    args: [...prefix, "cat", "/proc/net/dev"],
  }).output();
  // The ninth number is what was transmitted; proc(5).
  const line = /^\s*eth0:(.*)$/m.exec(new TextDecoder().decode(stdout))?.[1] ?? "";
  return Number(line.trim().split(/\s+/)[8]);
}

function print(level: string, { wallS, wireBytes, archiveBytes }: Sent): void {
  const busy = wireBytes * 8 / (LINK_KBIT * 1000 * wallS);
  console.log(
    `level ${level.padEnd(4)}  ${wallS.toFixed(1)} s  archives ${
      (archiveBytes / 1e6).toFixed(1)
    } MB  ` +
      `wire ${(wireBytes / 1e6).toFixed(1)} MB  link ${(100 * busy).toFixed(1)} % busy`,
  );
}
