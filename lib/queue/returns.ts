/**
 * Back from a shelf into the queue. First the note becomes history, durably, then the episode moves: so an `episode/` with
 * nothing but history beside it is a return to be finished.
 */
import { isFsError, syncMove } from "../sys/mod.ts";
import { findShelfId, type Shelf } from "./layout.ts";
import { findStat, type Queue, tryLockEpisode } from "./queue.ts";

type Disk = Pick<Queue, "fs" | "layout">;

/** `taken`: another episode of that id is in the queue; this one stays where it is. */
export type Returned = "returned" | "taken";

/**
 * Puts `<shelf>/<name>/episode` back into the queue. `atMs` names its history. The caller holds the episode's lock. Throws
 * FsError, `gone` when there is no such episode or it has no note; RangeError for a name that is no episode's.
 */
export async function returnToQueue(
  { fs, layout }: Disk,
  shelf: Shelf,
  name: string,
  atMs: number,
): Promise<Returned> {
  const id = findShelfId(name);
  if (id === undefined) throw new RangeError(`${name} is no name of an episode`);
  const place = layout.place(shelf, name);
  fs.lstat(place.episode);
  // Before anything is changed: a return that can't be finished would have to be looked at for ever.
  if (findStat(fs, layout.episode(id)) !== undefined) return "taken";
  const history = `${place.directory}/history-${new Date(atMs).toISOString()}.json`;
  await fs.renameNoReplace(place.note, history);
  // A cut that brought the note back beside a moved episode would have it moved to the shelf again.
  await fs.syncDir(place.directory);
  return await finishReturn({ fs, layout }, shelf, name);
}

async function finishReturn({ fs, layout }: Disk, shelf: Shelf, name: string): Promise<Returned> {
  const id = findShelfId(name);
  if (id === undefined) return "taken";
  const { episode } = layout.place(shelf, name);
  try {
    await fs.renameNoReplace(episode, layout.episode(id));
  } catch (error) {
    if (isFsError(error, "exists", "not-empty")) return "taken";
    throw error;
  }
  await syncMove(fs, episode, layout.episode(id));
  return "returned";
}

/**
 * Finishes the returns that a killed process left. Looks at every place on both shelves, so it is for the start of a
 * process, not for every pass. Throws FsError.
 */
export async function finishReturns(queue: Queue): Promise<void> {
  const { fs, layout } = queue;
  for (const shelf of ["shipped", "quarantine"] as const) {
    for (const { name } of fs.list(layout.shelf(shelf))) {
      if (name !== undefined && isHalfReturned(queue, shelf, name)) {
        await finishUnderLock(queue, shelf, name);
      }
    }
  }
}

async function finishUnderLock(queue: Queue, shelf: Shelf, name: string): Promise<void> {
  const id = findShelfId(name);
  const lock = id && tryLockEpisode(queue, id);
  if (id === undefined || lock === undefined) return;
  try {
    if (!isHalfReturned(queue, shelf, name)) return;
    const returned = await finishReturn(queue, shelf, name);
    if (returned === "returned") queue.log("return-finished", { id, place: `${shelf}/${name}` });
    else queue.log("return-blocked", { id, place: `${shelf}/${name}` });
  } finally {
    lock.release();
  }
}

function isHalfReturned({ fs, layout }: Disk, shelf: Shelf, name: string): boolean {
  const place = layout.place(shelf, name);
  if (findShelfId(name) === undefined) return false;
  if (findStat(fs, place.note) !== undefined) return false;
  if (findStat(fs, place.episode)?.type !== "directory") return false;
  return fs.list(place.directory).some(({ name }) => name?.startsWith("history-"));
}
