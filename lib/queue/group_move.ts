/**
 * Many episodes to `quarantine/` at once. One by one each waits for the disk some six times; here a step is done for all of
 * them, and then the whole file system is synced once. The order is that of a single move, and so is what a crash leaves.
 */
import { type EpisodeId, isUnchanged, type Tree } from "../episode/mod.ts";
import { type DiskHandle, type FsError, isFsError, unlinkIfThere } from "../sys/mod.ts";
import { findOutboxId, type Place } from "./layout.ts";
import type { Moved } from "./moves.ts";
import type { Queue } from "./queue.ts";
import { formatReason, type QuarantineReason } from "./shelf.ts";

type Disk = Pick<Queue, "fs" | "layout">;

/** An episode that is to go. */
export interface Going {
  /** As it was when it was judged. */
  readonly tree: Tree;
  readonly reason: QuarantineReason;
  /** The name in `quarantine/` that findTarget gave. */
  readonly name: string;
}

/** `FsError`: it stays in the queue; or, where only the last sync failed, it went, and a power cut may bring it back. */
export type GroupMoved = Moved | FsError;

interface Traveller extends Going {
  readonly place: Place;
  result: GroupMoved | undefined;
}

type Do = (disk: Disk, traveller: Traveller) => Promise<void>;

/** What is done for all of them, and synced, before the next relies on it; and what takes it back. */
const STEPS: readonly { readonly step: Do; readonly undo?: Do }[] = [
  // A cut after the name is durable, but before the bytes are, would leave half a reason under it.
  { step: writeReason, undo: withdraw },
  // A cut that kept the move and not the name would leave an episode without its reason.
  { step: nameReason, undo: withdraw },
  { step: moveEpisode },
];

/**
 * Moves them all; the results are in the order of `goings`. `handle` is of their file system, and was opened before
 * anything was changed. The caller holds their locks. Throws nothing but for a bug.
 *
 * Each: mkdir, open(new, O_CREAT|O_EXCL), write. syncfs. Each: rename(new, reason). syncfs. Each: renameat2(episode).
 * syncfs. Each: unlink (what is in outbox/); that a cut may bring it back is no harm, for it is swept without its episode.
 */
export async function quarantineTogether(
  disk: Disk,
  handle: DiskHandle,
  goings: readonly Going[],
): Promise<GroupMoved[]> {
  const all = goings.map((going): Traveller => ({
    ...going,
    place: disk.layout.place("quarantine", going.name),
    result: undefined,
  }));
  for (const { step, undo } of STEPS) {
    const left = all.filter(({ result }) => result === undefined);
    await forEach(left, (traveller) => attempt(disk, traveller, step, undo));
    await syncAfter(disk, handle, left, undo);
  }
  await clearOutbox(disk, all.filter(({ result }) => result === undefined));
  return all.map(({ result }) => result ?? "moved");
}

async function attempt(disk: Disk, traveller: Traveller, step: Do, undo?: Do): Promise<void> {
  try {
    await step(disk, traveller);
  } catch (error) {
    if (!isFsError(error)) throw error;
    traveller.result = error;
    await undo?.(disk, traveller);
  }
}

/** When the sync fails, nobody knows of which of them it is true. */
async function syncAfter(
  disk: Disk,
  handle: DiskHandle,
  travellers: readonly Traveller[],
  undo?: Do,
): Promise<void> {
  if (travellers.length === 0) return;
  try {
    await handle.sync();
  } catch (error) {
    if (!isFsError(error)) throw error;
    for (const traveller of travellers) {
      if (traveller.result !== undefined) continue;
      traveller.result = error;
      await undo?.(disk, traveller);
    }
  }
}

const MODE = 0o640;

/** Under the name that a single one is written under: what a kill leaves is removed in the same way. */
function unnamed({ place }: Traveller): string {
  return `${place.directory}/${place.noteNew}`;
}

async function writeReason({ fs }: Disk, traveller: Traveller): Promise<void> {
  const { place, reason } = traveller;
  const path = unnamed(traveller);
  try {
    await fs.mkdir(place.directory, 0o750);
  } catch (error) {
    if (!isFsError(error, "exists")) throw error;
    await unlinkIfThere(fs, path);
  }
  const file = await fs.create(path, MODE);
  try {
    await file.write(new TextEncoder().encode(formatReason(reason)));
  } finally {
    file.close();
  }
  // The umask may have taken bits away.
  if (fs.lstat(path).mode !== MODE) await fs.chmod(path, MODE);
}

async function nameReason({ fs }: Disk, traveller: Traveller): Promise<void> {
  await fs.rename(unnamed(traveller), traveller.place.note);
}

async function moveEpisode(disk: Disk, traveller: Traveller): Promise<void> {
  const { fs, layout } = disk;
  const { tree, reason: { id }, place } = traveller;
  try {
    if (isUnchanged(fs, layout.episode(id), tree)) {
      return await fs.renameNoReplace(layout.episode(id), place.episode);
    }
  } catch (error) {
    // Somebody took it away, or a directory in it, since it was judged. Anything else leaves the reason: the move has begun.
    if (!isFsError(error, "gone", "not-a-directory")) throw error;
  }
  traveller.result = "changed";
  await withdraw(disk, traveller);
}

/** Takes back the reason of an episode that stays. What it can't take back, the next start of a shipper does. */
async function withdraw({ fs }: Disk, traveller: Traveller): Promise<void> {
  try {
    await unlinkIfThere(fs, unnamed(traveller));
    await unlinkIfThere(fs, traveller.place.note);
    await fs.rmdir(traveller.place.directory);
  } catch (error) {
    // `not-empty`: the history of an earlier stay.
    if (!isFsError(error)) throw error;
  }
}

/** Most have nothing there: one list for all is cheaper than a look for each of their names. */
async function clearOutbox(disk: Disk, moved: readonly Traveller[]): Promise<void> {
  if (moved.length === 0) return;
  const there = new Set<EpisodeId>();
  try {
    for (const { name } of disk.fs.list(disk.layout.outbox)) {
      const id = name === undefined ? undefined : findOutboxId(name);
      if (id !== undefined) there.add(id);
    }
  } catch (error) {
    // Then it is left to be swept.
    if (!isFsError(error)) throw error;
  }
  const left = moved.filter(({ reason: { id } }) => there.has(id));
  await forEach(left, (traveller) => attempt(disk, traveller, clearOutboxOf));
}

async function clearOutboxOf({ fs, layout }: Disk, { reason: { id } }: Traveller): Promise<void> {
  // The record goes last.
  const paths = [layout.partial(id), layout.archive(id), layout.recordNew(id), layout.record(id)];
  for (const path of paths) await unlinkIfThere(fs, path);
}

/** Enough for the system to have something to do while one of them is waited for. */
const LANES = 8;

async function forEach(
  travellers: readonly Traveller[],
  work: (traveller: Traveller) => Promise<void>,
): Promise<void> {
  const next = travellers.values();
  await Promise.all(Array.from({ length: LANES }, async () => {
    for (const traveller of next) await work(traveller);
  }));
}
