/**
 * Stops, or fails, the shipper at one system call after another, lets it run again, and has the queue checked by code
 * that knows nothing of the program.
 */
import { check } from "../queue/checker.ts";
import { BINARY, type Lab } from "../e2e/lab.ts";
import { seededRandom } from "../model/seeded_random.ts";
import { findWrongEnds, layOut, type Scenario } from "./scenario.ts";
import { countSystemCalls, type Fault, runWithFault } from "./strace.ts";

/** Those that touch the file system or a socket. */
export const SYSTEM_CALLS: readonly string[] = [
  "open,openat,creat,close,read,pread64,readv,write,pwrite64,writev,lseek",
  "fsync,fdatasync,ftruncate,fallocate,copy_file_range,sendfile",
  "rename,renameat,renameat2,link,linkat,symlink,unlink,unlinkat,rmdir,mkdir,mkdirat",
  "stat,lstat,fstat,newfstatat,statx,statfs,fstatfs,getdents64,readlink,readlinkat,access,faccessat,faccessat2",
  "chmod,fchmod,fchmodat,chown,fchown,fchownat,utimensat,flock,fcntl",
  "socket,connect,bind,sendto,recvfrom,sendmsg,recvmsg,shutdown,getsockopt,setsockopt",
].flatMap((line) => line.split(","));

/** The errors that the disk or the kernel gives at any of them. */
export const ERRORS = ["ENOSPC", "EIO", "EMFILE", "EROFS", "EACCES"] as const;

/** What a sweep needs. Some containers forbid ptrace. */
export const TRACED = {
  commands: ["strace", "zstd"],
  kernel: {
    feature: "tracing by ptrace",
    present: () =>
      new Deno.Command("strace", { args: ["-o", "/dev/null", "true"], stderr: "null" })
        .outputSync().success,
  },
};

const RUN_LIMIT_MS = 30_000;
/** One repairs. A try that fails in it by chance (the receiver is busy with another point) waits a moment. */
const RECOVERY_PASSES = 6;

export interface Point {
  readonly systemCall: string;
  readonly when: number;
  readonly inject: string;
}

export interface SweepResult {
  readonly tried: number;
  readonly hit: number;
  /** One line for each point after which something was wrong. */
  readonly failures: readonly string[];
}

const command = (scenario: Scenario) => [BINARY, "ship", "--once", "--config", scenario.config];

/** Every point of a run: each system call up to the largest number of it in one thread. */
export async function findPoints(lab: Lab, injections: readonly string[]): Promise<Point[]> {
  const scenario = await layOut(lab, 0);
  return pointsOf(
    await countSystemCalls(command(scenario), SYSTEM_CALLS, lab.root),
    injections,
  );
}

/** A point for each call that was counted and each way to disturb it. */
export function pointsOf(
  counts: ReadonlyMap<string, number>,
  injections: readonly string[],
): Point[] {
  return [...counts].flatMap(([systemCall, most]) =>
    Array.from({ length: most }, (_, at) => at + 1)
      .flatMap((when) => injections.map((inject) => ({ systemCall, when, inject })))
  );
}

/** Tries each of `points` on the shipper, `workers` at a time. */
export function sweep(
  lab: Lab,
  points: readonly Point[],
  options: SweepOptions,
): Promise<SweepResult> {
  return tryAll(points, (run, point) => tryPoint(lab, run, point), options);
}

export interface SweepOptions {
  readonly workers: number;
  readonly progress?: (done: number) => void;
}

export interface Tried {
  readonly hit: boolean;
  readonly faults: readonly string[];
}

/** Tries each of `points`; `tryOne` is given the number of the run, from 1 on. */
export async function tryAll(
  points: readonly Point[],
  tryOne: (run: number, point: Point) => Promise<Tried>,
  options: SweepOptions,
): Promise<SweepResult> {
  const failures: string[] = [];
  let next = 0;
  let hit = 0;
  const work = async () => {
    for (let at = next++; at < points.length; at = next++) {
      const point = points[at];
      if (point === undefined) return;
      const tried = await tryOne(at + 1, point);
      if (tried.hit) hit++;
      failures.push(...tried.faults.map((fault) => `${nameOf(point)}: ${fault}`));
      options.progress?.(at + 1);
    }
  };
  await Promise.all(Array.from({ length: options.workers }, work));
  return { tried: points.length, hit, failures };
}

export function nameOf(point: Point): string {
  return `${point.systemCall} number ${point.when} with ${point.inject}`;
}

export async function tryPoint(
  lab: Lab,
  run: number,
  point: Fault,
): Promise<Tried> {
  const scenario = await layOut(lab, run);
  const first = await runWithFault(command(scenario), point, lab.root, RUN_LIMIT_MS);
  // Whatever the fault left: nothing may be lost or be in two places, also before anything is repaired.
  const faults = check(scenario.dataDir, scenario.expected).faults
    .filter((fault) => / is lost$| is in .* and /.test(fault));
  if (first.hung && !first.lostWakeUp) faults.push("it hung");
  const wasAborted = point.inject.startsWith("error=") && first.signal !== null && !first.hung;
  if (wasAborted && !first.lostWakeUp) faults.push(`ended by ${first.signal}`);

  let last = "";
  // An injected error counts as a try, and its wait is minutes. Losing that note costs a request, never an episode.
  if (point.inject.startsWith("error=")) await forgetTries(scenario);
  for (let pass = 0; pass < RECOVERY_PASSES; pass++) {
    const { code, stdout, stderr } = await lab.run([...command(scenario).slice(1)]);
    last = `exit ${code}: ${stdout} ${stderr}`.trim().replaceAll("\n", " | ");
    if (code === 0) break;
    await new Promise((done) => setTimeout(done, 200));
  }
  faults.push(...check(scenario.dataDir, scenario.expected).faults);
  faults.push(...await findWrongEnds(lab, scenario));
  if (faults.length > 0) {
    return {
      hit: first.hit,
      faults: [`${faults.join("; ")} (data in ${scenario.dataDir}; ${last})`],
    };
  }
  for (
    const path of [
      scenario.dataDir,
      ...scenario.ends.shipped.map((id) => `${scenario.dataDir}-unpacked-${id}`),
    ]
  ) {
    await Deno.remove(path, { recursive: true });
  }
  return { hit: first.hit, faults };
}

async function forgetTries({ dataDir }: Scenario): Promise<void> {
  const outbox = `${dataDir}/outbox`;
  // It was not made yet.
  if (await Deno.lstat(outbox).catch(() => undefined) === undefined) return;
  for (const { name } of Deno.readDirSync(outbox)) {
    if (name.endsWith(".json")) await Deno.remove(`${outbox}/${name}`);
  }
}

/** `count` of `all`, chosen by a seed: the same seed gives the same choice. */
export function sample<T>(all: readonly T[], count: number, seed: number): T[] {
  const random = seededRandom(seed);
  return all.map((point) => ({ point, order: random() }))
    .sort((a, b) => a.order - b.order)
    .slice(0, count)
    .map(({ point }) => point);
}
