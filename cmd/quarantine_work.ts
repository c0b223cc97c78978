/** What the commands that change the quarantine have in common: the queue they work on, and how they tell what they did. */
import { checkDirectories, type Handled, type OperatorDisk } from "../lib/queue/mod.ts";
import { blockingFs, fileLocks, type FsError, Libc, systemClock } from "../lib/sys/mod.ts";
import { asOwnerOf, chooseDataDir, findOwner, layoutOfQueue } from "./data_dir.ts";
import { formatCount } from "./format.ts";
import { type Io, printable } from "./print.ts";

export interface OpenedQueue {
  readonly disk: OperatorDisk;
  readonly dataDir: string;
  readonly settleMs: number;
}

/** Throws ConfigError, UsageError, QueueError and FsError where nothing could be changed: nothing was by then. */
export async function openQueueByHand(
  args: { readonly config: string | undefined; readonly dataDir: string | undefined },
  io: Io,
  path: readonly string[],
): Promise<OpenedQueue> {
  const { dataDir, settleMs } = await chooseDataDir(args, io);
  const libc = new Libc();
  const plain = blockingFs(libc);
  const disk = {
    layout: layoutOfQueue(plain, dataDir, path),
    fs: asOwnerOf(plain, dataDir),
    locks: fileLocks(libc, findOwner(plain, dataDir)),
    clock: systemClock,
  };
  checkDirectories(disk);
  return { disk, dataDir, settleMs };
}

/** Lines about single episodes, after which only the numbers are told. */
const MOST_COMPLAINTS = 20;

export function complainAbout(lines: readonly string[], io: Io): void {
  for (const line of lines.slice(0, MOST_COMPLAINTS)) io.stderr(`cis490: ${line}`);
  const more = lines.length - MOST_COMPLAINTS;
  if (more > 0) io.stderr(`cis490: and ${more} more`);
}

/** An episode for which nothing was done, and why. */
export interface Left {
  readonly name: string;
  readonly why: string;
}

export const BUSY = "another process works on it; try again";

export function whyFailed(error: FsError): string {
  return error.code === "denied"
    ? `${error.message}; run it as root, or as the user that owns it`
    : error.message;
}

/** Why nothing was done about it. */
export function whyNot(left: Exclude<Handled<unknown>, { kind: "done" }>): string {
  switch (left.kind) {
    case "gone":
      return "it is not in quarantine; see cis490 quarantine list";
    case "busy":
      return BUSY;
    case "failed":
      return whyFailed(left.error);
  }
}

export interface Work {
  /** `returned`, and what it is before it is done: `return`. */
  readonly verbs: readonly [past: string, would: string];
  readonly dryRun: boolean;
  /** Said at the end of a dry run. */
  readonly whyDry?: string;
  readonly json: boolean;
  readonly dataDir: string;
  readonly io: Io;
}

/** One for which it was done, or would be. */
export interface Done {
  readonly name: string;
  /** Behind its name, for people. */
  readonly words?: string;
  /** Beside its name, for programs. */
  readonly json?: Readonly<Record<string, unknown>>;
}

/**
 * Tells what became of each of `total` episodes, and returns the exit code: 1 when any is left. Of one that is undefined
 * there is nothing to tell.
 */
export async function tellEach(
  work: Work,
  results: AsyncIterable<Done | Left | undefined>,
  total: number,
): Promise<number> {
  const { io, json, dryRun, verbs: [past, would] } = work;
  const done: Done[] = [];
  const left: Left[] = [];
  const verb = dryRun ? `would ${would}` : past;
  const bar = io.progress({ enabled: !json });
  let looked = 0;
  for await (const one of results) {
    looked++;
    bar.update(looked / total, `${looked} of ${formatCount(total, "episode")}`);
    if (one === undefined) continue;
    if ("why" in one) left.push(one);
    else {
      done.push(one);
      const words = one.words === undefined ? "" : `: ${one.words}`;
      if (!json) io.stdout(printable(`${verb} ${one.name}${words}`));
    }
  }
  bar.end();
  complainAbout(left.map(({ name, why }) => printable(`${name}: ${why}`)), io);
  if (json) {
    io.json({
      dry_run: dryRun,
      data_dir: work.dataDir,
      [past]: done.map(({ name, json }) => ({ name, ...json })),
      left: left.map(({ name, why }) => ({ name, why })),
    });
  } else {
    io.stdout(`${verb} ${done.length}, left ${left.length}`);
  }
  if (dryRun) io.stderr(`cis490: ${work.whyDry ?? "--dry-run: nothing was changed"}`);
  return left.length === 0 ? 0 : 1;
}
