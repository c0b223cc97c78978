/**
 * The two shelves, `shipped/` and `quarantine/`: what is noted there, and under which name an episode goes there. A note
 * (receipt or reason) is durable before the episode moves; so a note without its `episode/` is a move to be finished.
 */
import * as v from "valibot";
import type { EpisodeId, Signature, Stamp } from "../episode/mod.ts";
import type { Fs } from "../sys/mod.ts";
import { formatReceipt, type Problem, type Receipt } from "../wire/mod.ts";
import { type Layout, type Shelf, siblingName } from "./layout.ts";
import { findText, formatTime } from "./record.ts";

/** What both notes say. Times are milliseconds since the epoch. */
interface NoteBase {
  readonly id: EpisodeId;
  readonly signature: Signature;
  readonly stamp: Stamp | undefined;
  /** With the one that ended it. */
  readonly tries: number;
  readonly firstTryMs: number | undefined;
  readonly lastTryMs: number | undefined;
  /** From which its days are counted. */
  readonly atMs: number;
}

/** Why an episode is in `shipped/`. */
export interface ShippedNote extends NoteBase {
  readonly receipt: Receipt;
}

/** Why an episode is in `quarantine/`. */
export interface QuarantineReason extends NoteBase {
  /** A problem's name, or `unfit`. */
  readonly code: string;
  /** One sentence for the operator. */
  readonly detail: string;
  readonly status: number | undefined;
  /** The receiver's own words. */
  readonly problem: Problem | undefined;
  /** The command that mends the cause. */
  readonly remediation: string | undefined;
  /** Whether a receiver agreed with the clock of `atMs`; if not, its days are counted from when one does. */
  readonly isClockChecked: boolean;
}

function baseOf(note: NoteBase): Readonly<Record<string, unknown>> {
  return {
    format: 1,
    id: note.id,
    signature: note.signature,
    stamp: note.stamp ?? null,
    tries: note.tries,
    first_try: formatTime(note.firstTryMs),
    last_try: formatTime(note.lastTryMs),
  };
}

/** `receipt.json`: the receiver's receipt, word for word, and what this host knows of the episode. */
export function formatShippedNote(note: ShippedNote): string {
  const receipt: unknown = JSON.parse(formatReceipt(note.receipt));
  const value = { ...baseOf(note), shipped_at: formatTime(note.atMs), receipt };
  return JSON.stringify(value, undefined, 2) + "\n";
}

/** `quarantine_reason.json`. */
export function formatReason(note: QuarantineReason): string {
  const value = {
    code: note.code,
    detail: note.detail,
    status: note.status ?? null,
    remediation: note.remediation ?? null,
    problem: note.problem ?? null,
    ...baseOf(note),
    quarantined_at: formatTime(note.atMs),
    clock_checked: note.isClockChecked,
  };
  return JSON.stringify(value, undefined, 2) + "\n";
}

const signatureSchema = v.object({ signature: v.string() });

/** The signature in a note; undefined when there is no note that can be read. Throws FsError. */
function findNoteSignature(fs: Pick<Fs, "openRead">, path: string): string | undefined {
  const text = findText(fs, path);
  if (text === undefined) return undefined;
  try {
    const parsed = v.safeParse(signatureSchema, JSON.parse(text));
    return parsed.success ? parsed.output.signature : undefined;
  } catch {
    return undefined;
  }
}

/** A name on a shelf, and whether the note of the episode lies there already. */
export interface Target {
  readonly name: string;
  readonly noted: boolean;
}

/** Above any number of siblings that one id gets in a machine's life; a loop must end. */
const MOST_SIBLINGS = 10_000;

/**
 * The first of `<id>`, `<id>~2`, `<id>~3` that no other episode has: it is free, or holds no episode and no other one's
 * note, or holds this one's note (then the move was begun there). Throws FsError.
 */
export function findTarget(
  fs: Pick<Fs, "findStat" | "openRead">,
  layout: Layout,
  shelf: Shelf,
  id: EpisodeId,
  signature: Signature,
): Target {
  for (let number = 1; number <= MOST_SIBLINGS; number++) {
    const name = siblingName(id, number);
    const place = layout.place(shelf, name);
    const directory = fs.findStat(place.directory);
    if (directory === undefined) return { name, noted: false };
    if (directory.type !== "directory" || fs.findStat(place.episode) !== undefined) continue;
    if (fs.findStat(place.note) === undefined) return { name, noted: false };
    if (findNoteSignature(fs, place.note) === signature) return { name, noted: true };
  }
  throw new RangeError(`${shelf}/ has ${MOST_SIBLINGS} episodes named ${id}`);
}
