/**
 * What lies on the shelves, by age, and how it is removed for good. When something may be removed is the shipper's to
 * decide; here is only the disk.
 */
import * as v from "valibot";
import { type Digest, type EpisodeId, findDigest, type Signature } from "../episode/mod.ts";
import { isFsError, removeTree, unlinkIfThere, writeFileDurably } from "../sys/mod.ts";
import { findRemovedName, findShelfId, type Shelf } from "./layout.ts";
import { removeIfEmpty } from "./moves.ts";
import { type Queue, tryLockEpisode } from "./queue.ts";
import { findText, formatTime } from "./record.ts";

type Disk = Pick<Queue, "fs" | "layout">;

/** An episode on a shelf whose note can be read. */
export interface Shelved {
  readonly shelf: Shelf;
  /** The id, or a numbered sibling of it. */
  readonly name: string;
  readonly id: EpisodeId;
  /** From which its days are counted, in milliseconds since the epoch. */
  readonly atMs: number;
  /** False when nobody knows whether the clock was right that wrote the time. */
  readonly isTimeSure: boolean;
  /** `shipped/`: what the receiver stored. */
  readonly episodeDigest: Digest | undefined;
  /** Of the files, as they were when they came here; undefined where the note does not tell. */
  readonly signature: Signature | undefined;
  /** `quarantine/`: why. */
  readonly code: string | undefined;
}

const time = v.pipe(v.string(), v.isoTimestamp(), v.transform((text) => Date.parse(text)));
const signature = v.optional(v.custom<Signature>((value) => typeof value === "string"));
const shippedSchema = v.object({
  signature,
  shipped_at: time,
  receipt: v.object({ episode_digest: v.string(), stored_at: time }),
});
const reasonSchema = v.object({
  signature,
  quarantined_at: time,
  clock_checked: v.optional(v.boolean(), false),
  code: v.string(),
});

/**
 * All of a shelf, in no order, read one by one; what can't be read is passed over. Throws FsError when the shelf can't be
 * listed.
 */
export function* listShelved(disk: Disk, shelf: Shelf): Generator<Shelved, void, void> {
  for (const { name } of disk.fs.list(disk.layout.shelf(shelf))) {
    let shelved;
    try {
      shelved = name === undefined ? undefined : findShelved(disk, shelf, name);
    } catch (error) {
      if (!isFsError(error)) throw error;
    }
    if (shelved !== undefined) yield shelved;
  }
}

/**
 * Undefined for everything that must stay as it is: no episode's name, a move or a return that is not finished, a note that
 * can't be read. Throws FsError.
 */
export function findShelved(disk: Disk, shelf: Shelf, name: string): Shelved | undefined {
  const id = findShelfId(name);
  if (id === undefined) return undefined;
  const place = disk.layout.place(shelf, name);
  const note = findJson(disk, place.note);
  if (note === undefined || disk.fs.findStat(place.episode) === undefined) return undefined;
  const base = { shelf, name, id };
  if (shelf === "quarantine") {
    const parsed = v.safeParse(reasonSchema, note);
    if (!parsed.success) return undefined;
    const { quarantined_at: atMs, clock_checked: isTimeSure, code, signature } = parsed.output;
    return { ...base, atMs, isTimeSure, code, signature, episodeDigest: undefined };
  }
  const parsed = v.safeParse(shippedSchema, note);
  if (!parsed.success) return undefined;
  const { shipped_at: shippedMs, receipt, signature } = parsed.output;
  const prefix = "sha256:";
  const digest = receipt.episode_digest;
  const episodeDigest = digest.startsWith(prefix)
    ? findDigest(digest.slice(prefix.length))
    : undefined;
  if (episodeDigest === undefined) return undefined;
  // This host's clock may have stood in the past; the receiver's is the one that it is compared with.
  const atMs = Math.max(shippedMs, receipt.stored_at);
  return { ...base, atMs, isTimeSure: true, episodeDigest, signature, code: undefined };
}

function findJson({ fs }: Disk, path: string): unknown {
  const text = findText(fs, path);
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/**
 * Removes an episode with its note and history. First all of it gets a name that no step takes for an episode's, durably:
 * a kill or a cut after that leaves something to be removed, never half an episode beside its note. The caller holds the
 * episode's lock. Throws FsError.
 */
export async function removeShelved(
  { fs, layout }: Disk,
  { shelf, name }: Pick<Shelved, "shelf" | "name">,
): Promise<void> {
  const removed = layout.removed(shelf, name);
  await fs.renameNoReplace(layout.place(shelf, name).directory, removed);
  // A cut that brought the old name back, with a part of its files, would make it an episode again.
  await fs.syncDir(layout.shelf(shelf));
  await removeTree(fs, removed);
}

/**
 * Removes what killed processes left on the shelves: the rest of what was being removed, notes that were never finished, and
 * places that have nothing else. Returns those for whom a note is there and no episode: their move was begun, and is for
 * the next look at them in the queue to finish. Throws FsError.
 */
export async function finishRemovals(queue: Queue): Promise<EpisodeId[]> {
  const { fs, layout } = queue;
  const begun: EpisodeId[] = [];
  for (const shelf of ["shipped", "quarantine"] as const) {
    for (const { name } of fs.list(layout.shelf(shelf))) {
      if (name === undefined) continue;
      const removed = findRemovedName(name);
      if (removed !== undefined) await removeTree(fs, layout.removed(shelf, removed));
      else {
        const left = whatIsLeft(queue, shelf, name);
        if (left === "rest") await removeLeftOver(queue, shelf, name);
        const id = left === "begun" ? findShelfId(name) : undefined;
        if (id !== undefined) begun.push(id);
      }
    }
  }
  return begun;
}

/**
 * `rest`: a place that is empty, or has a note that was never finished, beside whatever else. `begun`: one with its note and
 * no episode. Throws FsError.
 */
function whatIsLeft({ fs, layout }: Disk, shelf: Shelf, name: string): "rest" | "begun" | "whole" {
  const { directory, note, noteNew, episode } = layout.place(shelf, name);
  if (fs.findStat(directory)?.type !== "directory") return "whole";
  const paths = fs.list(directory).map(({ name }) => `${directory}/${name}`);
  if (paths.length === 0 || paths.includes(`${directory}/${noteNew}`)) return "rest";
  return paths.includes(note) && !paths.includes(episode) ? "begun" : "whole";
}

async function removeLeftOver(queue: Queue, shelf: Shelf, name: string): Promise<void> {
  const { fs, layout } = queue;
  const { directory, noteNew } = layout.place(shelf, name);
  const id = findShelfId(name);
  const lock = id && tryLockEpisode(queue, id);
  // Somebody is about to write the note.
  if (lock === undefined) return;
  try {
    await unlinkIfThere(fs, `${directory}/${noteNew}`);
    await removeIfEmpty(queue, directory);
  } finally {
    lock.release();
  }
}

const looseSchema = v.looseObject({});

/**
 * Has the days of a quarantined episode begin at `atMs`, by a clock that is right. The caller holds the episode's lock.
 * Throws FsError.
 */
export async function restartDays(disk: Disk, name: string, atMs: number): Promise<void> {
  const { note } = disk.layout.place("quarantine", name);
  const parsed = v.safeParse(looseSchema, findJson(disk, note));
  if (!parsed.success) return;
  const value = { ...parsed.output, quarantined_at: formatTime(atMs), clock_checked: true };
  const text = JSON.stringify(value, undefined, 2) + "\n";
  await writeFileDurably(disk.fs, note, new TextEncoder().encode(text), { mode: 0o640 });
}

/** When the shelves were last looked through, by the wall clock; undefined when nobody knows. Throws FsError. */
export function findLastLook({ fs, layout }: Disk): number | undefined {
  const ms = Date.parse(findText(fs, layout.lastLook)?.trim() ?? "");
  return Number.isNaN(ms) ? undefined : ms;
}

/**
 * Keeps it for the next process, so that one that is started again and again does not look each time. Not keeping it costs
 * a look.
 */
export async function noteLastLook({ fs, layout }: Disk, atMs: number): Promise<void> {
  try {
    const bytes = new TextEncoder().encode(`${formatTime(atMs)}\n`);
    await writeFileDurably(fs, layout.lastLook, bytes);
  } catch (error) {
    if (!isFsError(error)) throw error;
  }
}
