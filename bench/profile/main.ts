/**
 * Where the time goes: system calls and a CPU profile of both ends for one workload.
 *
 *     deno task profile [WORKLOAD] [--quick]
 *
 * The CPU profiles, dist/bench/*.cpuprofile, open in the developer tools of a browser built on Chromium. They are of the
 * main thread, from the sources and not the compiled binary: the same code on the same engine, with an inspector.
 */
import { fileURLToPath } from "node:url";
import { freePort } from "../../tests/tls/caddy.ts";
import { withPlace } from "../place.ts";
import { openCis490, type Programs } from "../peers/cis490.ts";
import type { Place, Ready } from "../peers/peer.ts";
import { putBack } from "../run.ts";
import { tenthOf, WORKLOADS } from "../workloads.ts";
import { BINARY } from "../../tests/e2e/lab.ts";
import { Profiling, selfTimes } from "./inspector.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const OUT = `${ROOT}dist/bench`;
const FUNCTIONS = 25;

const [name = "small"] = Deno.args.filter((arg) => !arg.startsWith("--"));
const found = WORKLOADS.find((one) => one.name === name);
if (found === undefined) {
  console.error(`profile: ${name} is none of ${WORKLOADS.map((one) => one.name).join(", ")}`);
  Deno.exit(2);
}
const workload = Deno.args.includes("--quick") ? tenthOf(found) : found;
await Deno.mkdir(OUT, { recursive: true });
await withPlace(
  workload,
  { directory: Deno.env.get("TMPDIR") ?? "/tmp", seed: 1 },
  async (place) => {
    await countSystemCalls(place);
    await profile(place, workload.episodes);
  },
);

async function countSystemCalls(place: Place): Promise<void> {
  const watched = (end: string) => [
    // -D: the tracer is a grandchild, so that a signal reaches the program itself.
    ...["strace", "-D", "-f", "-c", "-w", "-S", "time", "-o", `${OUT}/${end}.strace`, BINARY],
  ];
  await inPlace(place, { ship: watched("ship"), receive: watched("receive") }, async (ready) => {
    const [command = "", ...args] = ready.sender.args;
    await new Deno.Command(command, { args, stderr: "null" }).output();
  });
  // The tracers write when their programs have ended.
  await new Promise((done) => setTimeout(done, 1000));
  for (const end of ["ship", "receive"]) {
    const lines = (await Deno.readTextFile(`${OUT}/${end}.strace`)).split("\n");
    console.log(`\n${end}: system calls, by the time in them\n${lines.slice(0, 22).join("\n")}`);
  }
}

async function profile(place: Place, episodes: number): Promise<void> {
  const ports = { ship: freePort(), receive: freePort() };
  const inspected = (port: number) => [
    ...[Deno.execPath(), "run", "-A", `--inspect=127.0.0.1:${port}`],
    `${ROOT}main.ts`,
  ];
  const programs = { ship: inspected(ports.ship), receive: inspected(ports.receive) };
  await inPlace(place, programs, async (ready) => {
    // A daemon stays, so that it can be asked for its profile.
    const args = ready.sender.args.map((arg) => arg === "--once" ? "--daemon" : arg)
      .filter((arg) => arg !== "--no-progress");
    const [command = "", ...rest] = args;
    const receiving = await Profiling.start(ports.receive);
    const child = new Deno.Command(command, { args: rest, stderr: "null" }).spawn();
    const sending = await Profiling.start(ports.ship);
    while (await countNames(`${place.dataDir}/episodes`) > 0) {
      await new Promise((done) => setTimeout(done, 100));
    }
    for (const [end, profiling] of [["ship", sending], ["receive", receiving]] as const) {
      const profile = await profiling.stop();
      await Deno.writeTextFile(`${OUT}/${end}.cpuprofile`, JSON.stringify(profile));
      const lines = selfTimes(profile, FUNCTIONS).join("\n");
      console.log(`\n${end}: the main thread's functions, ${episodes} episodes\n${lines}`);
    }
    child.kill("SIGTERM");
    await child.status;
  });
}

async function inPlace(
  place: Place,
  programs: Programs,
  work: (ready: Ready) => Promise<void>,
): Promise<void> {
  await Deno.mkdir(place.workDir);
  {
    await using stack = new AsyncDisposableStack();
    await work(await openCis490(place, stack, programs));
  }
  await putBack(place.dataDir);
  await Deno.remove(place.workDir, { recursive: true });
}

async function countNames(directory: string): Promise<number> {
  return (await Array.fromAsync(Deno.readDir(directory))).length;
}
