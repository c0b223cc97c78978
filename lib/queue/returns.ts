/**
 * Back from a shelf into the queue. First the note becomes history, durably, then the episode moves: so an `episode/` with
 * nothing but history beside it is a return to be finished.
 */
import { type Fs, isFsError, syncMove } from "../sys/mod.ts";
import { findShelfId, type Layout, type Shelf } from "./layout.ts";
import { clearOutbox, removeIfEmpty } from "./moves.ts";
import { type Queue, tryLockEpisode } from "./queue.ts";

type Disk = Pick<Queue, "fs" | "layout">;

/** `taken`: another episode of that id is in the queue; this one stays where it is. */
export type Returned = "returned" | "taken";

/**
 * Whether `<shelf>/<name>/episode` could go back into the queue now. Throws FsError, `gone` when there is no such episode;
 * RangeError for a name that is no episode's.
 */
export function planReturn({ fs, layout }: Disk, shelf: Shelf, name: string): Returned {
  const id = findShelfId(name);
  if (id === undefined) throw new RangeError(`${name} is no name of an episode`);
  fs.lstat(layout.place(shelf, name).episode);
  return fs.findStat(layout.episode(id)) === undefined ? "returned" : "taken";
}

/**
 * Puts `<shelf>/<name>/episode` back into the queue, where it starts afresh. `atMs` names its history. One whose return was
 * begun before, or whose note is lost, goes as well. The caller holds the episode's lock. Throws as `planReturn` does.
 */
export async function returnToQueue(
  { fs, layout }: Disk,
  shelf: Shelf,
  name: string,
  atMs: number,
): Promise<Returned> {
  const id = findShelfId(name);
  if (id === undefined) throw new RangeError(`${name} is no name of an episode`);
  // Before anything is changed: a return that can't be finished would have to be looked at for ever.
  if (planReturn({ fs, layout }, shelf, name) === "taken") return "taken";
  // Left by the process that moved it here and was killed: its tries are not to count, nor its archive to be sent.
  await clearOutbox({ fs, layout }, id);
  const place = layout.place(shelf, name);
  const history = `${place.directory}/history-${new Date(atMs).toISOString()}.json`;
  try {
    await fs.renameNoReplace(place.note, history);
  } catch (error) {
    if (!isFsError(error, "gone")) throw error;
  }
  // A cut that brought the note back beside a moved episode would have it moved to the shelf again.
  await fs.syncDir(place.directory);
  const returned = await finishReturn({ fs, layout }, shelf, name);
  // Where there was no note there is no history either.
  if (returned === "returned") await removeIfEmpty({ fs, layout }, place.directory);
  return returned;
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

/** Whether its note became history, and the episode has not moved. Throws FsError. */
export function isHalfReturned(
  { fs, layout }: { readonly fs: Pick<Fs, "findStat" | "list">; readonly layout: Layout },
  shelf: Shelf,
  name: string,
): boolean {
  const place = layout.place(shelf, name);
  if (findShelfId(name) === undefined) return false;
  // Somebody's note between the places, or a link, is none, and keeps nobody from his work.
  if (fs.findStat(place.directory)?.type !== "directory") return false;
  if (fs.findStat(place.note) !== undefined) return false;
  if (fs.findStat(place.episode)?.type !== "directory") return false;
  return fs.list(place.directory).some(({ name }) => name?.startsWith("history-"));
}
