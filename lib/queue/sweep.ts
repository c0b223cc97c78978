/** What is done once at the start of a pass: nothing lies in outbox/ without its episode, and no dead lock in .locks/. */
import { type EpisodeId, findEpisodeId } from "../episode/mod.ts";
import { isFsError, unlinkIfThere } from "../sys/mod.ts";
import { findOutboxId } from "./layout.ts";
import { lookAt } from "./look.ts";
import { findStatIfGiven, type Queue, tryLockEpisode } from "./queue.ts";
import { step } from "./steps.ts";

/** What the sweep saw. */
export interface Swept {
  /** Episodes of which something was removed. */
  readonly swept: number;
  /** Episodes that have an archive, and stay. */
  readonly archives: readonly EpisodeId[];
}

/**
 * Removes leftovers, at most as much as lies in outbox/. Episodes in `busy` are being worked on by this process. Throws
 * FsError.
 */
export async function sweepOutbox(
  queue: Queue,
  busy: Pick<ReadonlySet<EpisodeId>, "has">,
): Promise<Swept> {
  const { fs, layout } = queue;
  const archives: EpisodeId[] = [];
  const orphans = new Set<EpisodeId>();
  for (const { name } of fs.list(layout.outbox)) {
    const id = name === undefined ? undefined : findOutboxId(name);
    if (id === undefined || busy.has(id)) continue;
    const path = `${layout.outbox}/${name}`;
    if (findStatIfGiven(queue, id) === undefined) orphans.add(id);
    else if (path === layout.archive(id)) archives.push(id);
    // Work in progress of a writer that was killed; it was never the record.
    else if (path === layout.recordNew(id)) {
      await unlessDirectory(queue, () => unlinkIfThere(fs, path));
    }
  }
  let swept = 0;
  for (const id of orphans) if (await unlessDirectory(queue, () => sweepOne(queue, id))) swept++;
  return { swept, archives };
}

/** False, and told, when a directory has the name of what is to be removed: it is none of ours, and stays. */
async function unlessDirectory(queue: Queue, remove: () => Promise<boolean>): Promise<boolean> {
  try {
    return await remove();
  } catch (error) {
    if (!isFsError(error, "is-a-directory")) throw error;
    const dir = queue.layout.outbox;
    queue.log("stranger", { name: error.subject.slice(dir.length + 1), dir });
    return false;
  }
}

/** Removes the lock files of processes that were killed. One that is held stays. Throws FsError. */
export function sweepLocks(queue: Queue, busy: Pick<ReadonlySet<EpisodeId>, "has">): void {
  for (const { name } of queue.fs.list(queue.layout.locks)) {
    const id = name === undefined ? undefined : findEpisodeId(name);
    if (id === undefined || busy.has(id)) continue;
    try {
      // Releasing a lock is what removes its file.
      tryLockEpisode(queue, id)?.release();
    } catch (error) {
      // Something else has its name. Whoever needs that lock is told; the others do not.
      if (!isFsError(error, "is-a-directory", "link", "broken")) throw error;
    }
  }
}

async function sweepOne(queue: Queue, id: EpisodeId): Promise<boolean> {
  const lock = tryLockEpisode(queue, id);
  if (lock === undefined) return false;
  try {
    const look = lookAt(queue, id, () => false);
    // It may have come back since it was listed.
    if (look.found.episode !== "gone") return false;
    await step(queue, look);
    return true;
  } finally {
    lock.release();
  }
}
