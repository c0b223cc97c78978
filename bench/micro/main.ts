/**
 * The parts, each by itself: packing, verifying, digests, levels of zstd, a backlog that is drained, a pass over a queue, a look
 * into the window, the start of the program.
 *
 *     deno task bench:micro
 */
import { createHash } from "node:crypto";
import { fileURLToPath } from "node:url";
import { createVerifier } from "../../lib/archive/mod.ts";
import { pack } from "../../lib/archive/pack.ts";
import { readTree } from "../../lib/episode/mod.ts";
import { blockingFs, Libc } from "../../lib/sys/mod.ts";
import { cpuSecondsOf } from "../measure.ts";
import { describeMachine, formatMachine } from "../machine.ts";
import { episodeId, record } from "../recordings.ts";
import { measureDrain } from "./drain.ts";
import { measureIdlePass } from "./idle_pass.ts";
import { measureStartUp } from "./start_up.ts";
import { measureLevels } from "./zstd_levels.ts";

const STAMP = "a".repeat(40);
const SMALL = { name: "small", episodes: 200, episodeBytes: 200_000 };
const LARGE = { name: "large", episodes: 1, episodeBytes: 200_000_000 };
const BACKLOG = 50_000;
const LEVELS = [1, 3, 6, 9, 16, 19];
const LIMITS = {
  maxArchiveBytes: 1e12,
  maxUnpackedBytes: 1e12,
  maxEntries: 1e6,
  maxPathBytes: 4096,
};

const directory = await Deno.makeTempDir({ prefix: "cis490-micro-" });
const fs = blockingFs(new Libc());
console.log(formatMachine(await describeMachine(directory)));
try {
  await record(`${directory}/small`, SMALL, { stamp: STAMP, seed: 1 });
  await record(`${directory}/large`, LARGE, { stamp: STAMP, seed: 1 });
  await measureSmall();
  await measureLarge();
  await measureProgram();
} finally {
  await Deno.remove(directory, { recursive: true });
}

async function measureSmall(): Promise<void> {
  const ids = Array.from({ length: SMALL.episodes }, (_, at) => episodeId(at + 1));
  const each = async (what: string, work: (id: string) => unknown) => {
    for (const id of ids.slice(0, 20)) await work(id);
    const { wallS, cpuS } = await timed(async () => {
      for (const id of ids) await work(id);
    });
    say(what, `${(wallS / ids.length * 1000).toFixed(2)} ms`, `${ms(cpuS / ids.length)} ms of CPU`);
  };
  await each("look at an episode of 200 KB", (id) => readTree(fs, `${directory}/small/${id}`));
  await each("pack it, synced", async (id) => {
    const partialPath = `${directory}/partial`;
    await pack(fs, { episodePath: `${directory}/small/${id}`, partialPath, level: 3 });
    await Deno.rename(partialPath, `${directory}/archive`);
  });
  const archive = await Deno.readFile(`${directory}/archive`);
  await each("verify its archive", () => verify(archive));
}

async function measureLarge(): Promise<void> {
  const episodePath = `${directory}/large/${episodeId(1)}`;
  const partialPath = `${directory}/large.tar.zst`;
  const rate = ({ wallS, cpuS }: Timed, bytes: number) => [
    `${(bytes / 1e6 / wallS).toFixed(0)} MB/s`,
    `${(bytes / 1e6 / cpuS).toFixed(0)} MB a second of CPU`,
  ];
  const bytes = LARGE.episodeBytes;
  say(
    "pack 200 MB",
    ...rate(await timed(() => pack(fs, { episodePath, partialPath, level: 3 })), bytes),
  );
  const archive = await Deno.readFile(partialPath);
  say("verify it", ...rate(await timed(() => verify(archive)), bytes));
  const digest = () => Promise.resolve(createHash("sha256").update(archive).digest());
  say("sha256", ...rate(await timed(digest), archive.byteLength));
  const files = ["proc/samples.jsonl", "net/capture.pcap"].map((path) => `${episodePath}/${path}`);
  await Deno.truncate(files[0] ?? "", 20e6);
  await Deno.truncate(files[1] ?? "", 12e6);
  const levels = measureLevels(files, LEVELS);
  const third = levels.find(({ level }) => level === 3);
  for (const { level, mbPerS, ratio } of levels) {
    const time = (third?.mbPerS ?? NaN) / mbPerS;
    const size = (third?.ratio ?? NaN) / ratio;
    say(
      `zstd, level ${level}`,
      `${mbPerS.toFixed(0)} MB/s of CPU`,
      `${ratio.toFixed(2)} to 1`,
      `against level 3: time ${time.toFixed(2)}, size ${size.toFixed(2)}`,
    );
  }
}

async function verify(archive: Uint8Array): Promise<void> {
  const verifier = createVerifier(LIMITS);
  await verifier.write(archive);
  await verifier.end();
}

async function measureProgram(): Promise<void> {
  const drained = await measureDrain(directory, BACKLOG);
  say(
    `drain ${BACKLOG} unstamped`,
    `${drained.wallS.toFixed(1)} s`,
    `${drained.cpuS.toFixed(1)} s of CPU, peak ${(drained.peakRssBytes / 1e6).toFixed(0)} MB`,
  );
  for (const retired of [0, 10_000]) {
    const cpuMs = await measureIdlePass(directory, retired);
    say(`idle pass, ${retired} retired`, `${cpuMs.toFixed(1)} ms of CPU`);
  }
  const { emptyMs, versionMs, ratio } = await measureStartUp(40);
  say(
    "cis490 --version",
    `${versionMs.toFixed(1)} ms`,
    `an empty program: ${emptyMs.toFixed(1)} ms, ratio ${ratio.toFixed(2)}`,
  );
  const bench = fileURLToPath(new URL("../../lib/window/", import.meta.url));
  await new Deno.Command(Deno.execPath(), { args: ["bench", bench] }).spawn().status;
}

interface Timed {
  readonly wallS: number;
  readonly cpuS: number;
}

async function timed(work: () => Promise<unknown>): Promise<Timed> {
  const cpuBefore = cpuSecondsOf(Deno.pid);
  const began = performance.now();
  await work();
  return {
    wallS: (performance.now() - began) / 1000,
    cpuS: cpuSecondsOf(Deno.pid) - cpuBefore,
  };
}

function ms(seconds: number): string {
  return (seconds * 1000).toFixed(2);
}

function say(what: string, ...figures: string[]): void {
  console.log(`${what.padEnd(30)}  ${figures.join("  ")}`);
}
