/** The queue of one data directory: its parts, and how it is opened and closed. */
import { type EpisodeId, findEpisodeId } from "../episode/mod.ts";
import type { Log } from "../events/mod.ts";
import {
  type Clock,
  ensureDirDurably,
  type Fs,
  isFsError,
  type Lock,
  type Locks,
  type Stat,
} from "../sys/mod.ts";
import { QueueError } from "./error.ts";
import { type Layout, layoutOf } from "./layout.ts";
import { Settling } from "./ready.ts";
import { findText } from "./record.ts";

export interface QueueParts {
  readonly fs: Fs;
  readonly clock: Clock;
  readonly locks: Locks;
  readonly log: Log;
}

export interface QueueOptions {
  readonly dataDir: string;
  /** How long an episode must lie unchanged before it is ready, in milliseconds. */
  readonly settleMs: number;
  /** Written into the lock, for the one who finds it taken. */
  readonly pid: number;
}

/** What every step of the queue takes. */
export interface Queue extends QueueParts {
  readonly layout: Layout;
  readonly settling: Settling;
  /** Gives the data directory to the next shipper. */
  close(): void;
}

/** Episodes of other systems are not ours to open up: what the queue makes is for its own user. */
const DIRECTORY_MODE = 0o750;

/**
 * Makes what is missing of the directories and takes the lock of the one shipper. Throws QueueError when another one has
 * it, or when the directories are none or lie on different file systems; FsError.
 */
export async function openQueue(parts: QueueParts, options: QueueOptions): Promise<Queue> {
  const layout = layoutOf(options.dataDir);
  await ensureDirectories(parts.fs, layout);
  const lock = takeLock(parts, layout, options.pid);
  await giveToOwner(parts.fs, layout.shipperLock, layout.dataDir);
  return {
    ...parts,
    layout,
    settling: new Settling(parts.clock, options.settleMs),
    close: () => lock.release(),
  };
}

async function ensureDirectories(fs: Fs, layout: Layout): Promise<void> {
  const directories = [
    layout.episodes,
    layout.outbox,
    layout.shelf("shipped"),
    layout.shelf("quarantine"),
    layout.locks,
  ];
  for (const directory of directories) {
    await ensureDirDurably(fs, directory, { mode: DIRECTORY_MODE });
    const { type } = fs.lstat(directory);
    if (type !== "directory") {
      throw new QueueError(
        "split",
        directory,
        `${directory} is a ${type}, not a directory; no episode could be moved there in one step`,
        `make it a directory on the file system of ${layout.dataDir}`,
      );
    }
  }
  const first = fs.lstat(layout.episodes).device;
  const other = directories.find((directory) => fs.lstat(directory).device !== first);
  if (other !== undefined) {
    throw new QueueError(
      "split",
      other,
      `${other} is not on the file system of ${layout.episodes}; an episode could not be moved there in one step`,
      `put all of ${layout.dataDir} on one file system`,
    );
  }
}

/**
 * What root makes in a service's directory must be the service's, or the service could not open it later. Does nothing
 * for anybody else. Throws FsError.
 */
export async function giveToOwner(
  fs: Pick<Fs, "lstat" | "findStat" | "chown">,
  path: string,
  directory: string,
): Promise<void> {
  const { uid, gid } = fs.lstat(directory);
  const file = fs.findStat(path);
  if (file?.uid === 0 && uid !== 0) await fs.chown(path, uid, gid);
}

function takeLock(parts: Pick<QueueParts, "fs" | "locks">, layout: Layout, pid: number): Lock {
  const lock = parts.locks.tryLock(layout.shipperLock);
  if (lock === undefined) {
    const holder = findText(parts.fs, layout.shipperLock)?.trim() || "unknown";
    throw new QueueError(
      "locked",
      layout.dataDir,
      `another shipper (pid ${holder}) works on ${layout.dataDir}; it will ship these episodes`,
    );
  }
  try {
    lock.write(`${pid}\n`);
  } catch (error) {
    // The lock holds without its note, and a full disk must not keep the shipper from making room.
    if (!isFsError(error)) throw error;
  }
  return lock;
}

/** One hand on an episode: undefined when another process has it. Throws FsError. */
export function tryLockEpisode(
  queue: Pick<Queue, "locks" | "layout">,
  id: EpisodeId,
): Lock | undefined {
  return queue.locks.tryLock(queue.layout.lock(id), { remove: true });
}

/**
 * Takes the locks of many episodes one after the other; few files are made for all of them, see {@link Lock.moveTo}. What was
 * given back stays locked until its file is needed for another one, or {@link LockPool.close}.
 */
export class LockPool {
  readonly #spare: Lock[] = [];

  constructor(private readonly queue: Pick<Queue, "locks" | "layout">) {}

  /** As {@link tryLockEpisode}. Throws FsError. */
  tryLock(id: EpisodeId): Lock | undefined {
    const spare = this.#spare.pop();
    if (spare === undefined) return tryLockEpisode(this.queue, id);
    let isMoved = false;
    try {
      isMoved = spare.moveTo(this.queue.layout.lock(id));
    } finally {
      if (!isMoved) spare.release();
    }
    return isMoved ? spare : tryLockEpisode(this.queue, id);
  }

  giveBack(lock: Lock): void {
    this.#spare.push(lock);
  }

  close(): void {
    for (const lock of this.#spare.splice(0)) lock.release();
  }
}

/** What stands for a name whose bytes are not UTF-8. */
export const NO_NAME = "(a name that is not UTF-8)";

/** The names in `episodes/`, oldest first. */
export interface Listing {
  readonly ids: readonly EpisodeId[];
  /** Names that can be no episode: not a directory, or not named by the grammar. They are left alone. */
  readonly strangers: readonly string[];
}

/**
 * What lies in `episodes/`, by the time at which a name was last added to it or taken from it. Names that begin with a dot
 * are somebody's work in progress. Throws FsError.
 */
export function listEpisodes(
  queue: { readonly fs: Pick<Fs, "list" | "findStat">; readonly layout: Layout },
): Listing {
  const found: { readonly id: EpisodeId; readonly mtimeMs: number }[] = [];
  const strangers: string[] = [];
  for (const { name } of queue.fs.list(queue.layout.episodes)) {
    if (name?.startsWith(".")) continue;
    const id = name === undefined ? undefined : findEpisodeId(name);
    if (id === undefined) {
      strangers.push(name ?? NO_NAME);
      continue;
    }
    const stat = findStatIfGiven(queue, id);
    if (stat === "not-given") found.push({ id, mtimeMs: 0 });
    else if (stat?.type === "directory") {
      found.push({ id, mtimeMs: Number(stat.mtimeNs / 1_000_000n) });
    } else if (stat !== undefined) strangers.push(id);
  }
  found.sort((a, b) => a.mtimeMs - b.mtimeMs || (a.id < b.id ? -1 : 1));
  return { ids: found.map(({ id }) => id), strangers: strangers.sort() };
}

/** The disk may not give a single one, and who looks at that is told; a listing is of the others too. */
export function findStatIfGiven(
  { fs, layout }: { readonly fs: Pick<Fs, "findStat">; readonly layout: Layout },
  id: EpisodeId,
): Stat | "not-given" | undefined {
  try {
    return fs.findStat(layout.episode(id));
  } catch (error) {
    if (!isFsError(error)) throw error;
    return "not-given";
  }
}
