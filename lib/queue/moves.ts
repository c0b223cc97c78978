/**
 * The moves that end an episode's time in the queue, and what is done to its archive. Each step is on the disk before the
 * next one relies on it: note, episode, archive, record, in this order.
 */
import { type EpisodeId, hasSignature, type Signature } from "../episode/mod.ts";
import {
  ensureDirDurably,
  isFsError,
  renameDurably,
  syncMove,
  unlinkDurably,
  unlinkIfThere,
  writeFileDurably,
} from "../sys/mod.ts";
import type { Shelf } from "./layout.ts";
import { giveToOwner, type Queue } from "./queue.ts";
import { type EpisodeRecord, removeRecord, writeRecordSoon } from "./record.ts";
import {
  findTarget,
  formatReason,
  formatShippedNote,
  type QuarantineReason,
  type ShippedNote,
} from "./shelf.ts";

/** What a move needs of the queue. */
type Disk = Pick<Queue, "fs" | "layout">;

/** `changed`: the episode is not the one that the note is about; it stays in the queue. */
export type Moved = "moved" | "changed";

/** After its receipt: the episode to `shipped/`, its archive and record away. Throws FsError. */
export function retire(queue: Disk, note: ShippedNote): Promise<Moved> {
  return moveTo(queue, "shipped", note, formatShippedNote(note));
}

/** With its reason: the episode to `quarantine/`, its archive and record away. Throws FsError. */
export function quarantine(queue: Disk, reason: QuarantineReason): Promise<Moved> {
  return moveTo(queue, "quarantine", reason, formatReason(reason));
}

async function moveTo(
  queue: Disk,
  shelf: Shelf,
  note: { readonly id: EpisodeId; readonly signature: Signature },
  text: string,
): Promise<Moved> {
  const { fs, layout } = queue;
  const { id, signature } = note;
  // Nobody is to find a reason beside an episode that it is not about; and no note is written in vain.
  if (!hasSignature(fs, layout.episode(id), signature)) return "changed";
  const target = findTarget(fs, layout, shelf, id, signature);
  const place = layout.place(shelf, target.name);
  await ensureDirDurably(fs, place.directory, { mode: 0o750 });
  await writeFileDurably(fs, place.note, new TextEncoder().encode(text), { mode: 0o640 });
  return await moveNoted(queue, id, signature, shelf, target.name);
}

/** The rest of a move whose note was found. Throws FsError. */
export async function finishMove(
  queue: Disk,
  id: EpisodeId,
  signature: Signature,
  shelf: Shelf,
  name: string,
): Promise<Moved> {
  const { fs, layout } = queue;
  // It may be from a process that was killed before its syncs.
  await fs.syncDir(layout.shelf(shelf));
  await fs.syncDir(layout.place(shelf, name).directory);
  return await moveNoted(queue, id, signature, shelf, name);
}

/**
 * The rest of a move whose note is on the disk: compares once more, renames, cleans up. When the episode has changed, the
 * note goes away again.
 */
async function moveNoted(
  queue: Disk,
  id: EpisodeId,
  signature: Signature,
  shelf: Shelf,
  name: string,
): Promise<Moved> {
  const { fs, layout } = queue;
  const place = layout.place(shelf, name);
  if (!hasSignature(fs, layout.episode(id), signature)) {
    await unlinkDurably(fs, place.note);
    await removeIfEmpty(queue, place.directory);
    return "changed";
  }
  await fs.renameNoReplace(layout.episode(id), place.episode);
  // Before the archive goes: a cut must not leave the episode in the queue without it, and its note elsewhere.
  await syncMove(fs, layout.episode(id), place.episode);
  await clearOutbox(queue, id);
  return "moved";
}

/** Removes the directory of a place on a shelf unless something is in it. Throws FsError. */
export async function removeIfEmpty(queue: Disk, directory: string): Promise<void> {
  try {
    await queue.fs.rmdir(directory);
  } catch (error) {
    // History of an earlier stay, or the next note already.
    if (!isFsError(error, "not-empty", "gone")) throw error;
  }
}

/** Removes all that the outbox has of an episode, durably. The record goes last. Throws FsError. */
export async function clearOutbox(queue: Disk, id: EpisodeId): Promise<void> {
  const { fs, layout } = queue;
  await unlinkIfThere(fs, layout.partial(id));
  await unlinkIfThere(fs, layout.archive(id));
  await unlinkIfThere(fs, layout.recordNew(id));
  await unlinkDurably(fs, layout.record(id));
}

/**
 * Gives the archive that was packed and synced its name, and the record that tells of it its own, in one sync. A cut between
 * the two leaves an archive without its record, which is packed again. Throws FsError.
 */
export async function commitArchive(queue: Disk, record: EpisodeRecord): Promise<void> {
  const { fs, layout } = queue;
  await writeRecordSoon(fs, layout, record);
  await giveToOwner(fs, layout.partial(record.id), layout.outbox);
  await renameDurably(fs, layout.partial(record.id), layout.archive(record.id));
}

/**
 * Removes the archive and anything half packed; the record stays. Durable before it returns: a later record must never
 * stand beside an archive that came back with a power cut. Throws FsError.
 */
export async function dropArchive(queue: Disk, id: EpisodeId): Promise<void> {
  await unlinkIfThere(queue.fs, queue.layout.partial(id));
  await unlinkDurably(queue.fs, queue.layout.archive(id));
}

/** Forgets archive and record: the episode is looked at as if for the first time. Throws FsError. */
export async function resetEpisode(queue: Disk, id: EpisodeId): Promise<void> {
  await dropArchive(queue, id);
  await removeRecord(queue.fs, queue.layout, id);
}
