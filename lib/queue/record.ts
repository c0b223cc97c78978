/**
 * `outbox/<id>.json`: what is known of an episode that is still in the queue. Losing it costs a request, or packing once
 * more, and never an episode; so an unreadable record is no record.
 */
import * as v from "valibot";
import {
  type Digest,
  type EpisodeId,
  findDigest,
  findEpisodeId,
  findStamp,
  type Signature,
  type Stamp,
} from "../episode/mod.ts";
import { findFile, type Fs, OddFileError, replaceFile, unlinkDurably } from "../sys/mod.ts";
import type { Layout } from "./layout.ts";

/** The archive in the outbox that the record describes. */
export interface PackedNote {
  readonly format: 1;
  readonly episodeDigest: Digest;
  readonly archiveDigest: Digest;
  readonly archiveBytes: number;
  readonly tarBytes: number;
  readonly entries: number;
}

/** What the last try ended with. */
export interface LastTry {
  readonly outcome: string;
  readonly code: string;
  readonly detail: string;
  /** The HTTP status, where there was an answer. */
  readonly status?: number | undefined;
}

/** Times are milliseconds since the epoch. */
export interface EpisodeRecord {
  readonly id: EpisodeId;
  /** Of the episode that all the rest is about. */
  readonly signature: Signature;
  readonly stamp: Stamp | undefined;
  readonly packed: PackedNote | undefined;
  /** How often the receiver, or the disk, was asked to take the episode. */
  readonly tries: number;
  readonly firstTryMs: number | undefined;
  readonly lastTryMs: number | undefined;
  /** Not to be tried before; undefined: at once. */
  readonly nextTryMs: number | undefined;
  readonly last: LastTry | undefined;
}

/** The record of an episode that was never tried. */
export function newRecord(
  id: EpisodeId,
  signature: Signature,
  stamp: Stamp | undefined,
): EpisodeRecord {
  return {
    id,
    signature,
    stamp,
    packed: undefined,
    tries: 0,
    firstTryMs: undefined,
    lastTryMs: undefined,
    nextTryMs: undefined,
    last: undefined,
  };
}

/** A value that `find` recognises. */
function branded<T>(find: (text: string) => T | undefined) {
  return v.pipe(
    v.string(),
    v.transform(find),
    v.custom<T>((value) => value !== undefined),
  );
}

const HEX_PREFIX = "sha256:";
const digest = branded((text) =>
  text.startsWith(HEX_PREFIX) ? findDigest(text.slice(HEX_PREFIX.length)) : undefined
);
const amount = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const time = v.pipe(v.string(), v.isoTimestamp(), v.transform((text) => Date.parse(text)));

const schema = v.object({
  format: v.literal(1),
  id: branded(findEpisodeId),
  signature: v.pipe(v.string(), v.transform((text) => text as Signature)),
  stamp: v.nullable(branded(findStamp)),
  packed: v.nullable(v.object({
    format: v.literal(1),
    episode_digest: digest,
    archive_digest: digest,
    archive_bytes: amount,
    tar_bytes: amount,
    entries: amount,
  })),
  tries: amount,
  first_try: v.nullable(time),
  last_try: v.nullable(time),
  next_try: v.nullable(time),
  last: v.nullable(v.object({
    outcome: v.string(),
    code: v.string(),
    detail: v.string(),
    status: v.optional(v.number()),
  })),
});

/** RFC 3339 in UTC. */
export function formatTime(ms: number | undefined): string | null {
  return ms === undefined ? null : new Date(ms).toISOString();
}

export function formatRecord(record: EpisodeRecord): string {
  const { packed } = record;
  const value: v.InferInput<typeof schema> = {
    format: 1,
    id: record.id,
    signature: record.signature,
    stamp: record.stamp ?? null,
    packed: packed === undefined ? null : {
      format: packed.format,
      episode_digest: HEX_PREFIX + packed.episodeDigest,
      archive_digest: HEX_PREFIX + packed.archiveDigest,
      archive_bytes: packed.archiveBytes,
      tar_bytes: packed.tarBytes,
      entries: packed.entries,
    },
    tries: record.tries,
    first_try: formatTime(record.firstTryMs),
    last_try: formatTime(record.lastTryMs),
    next_try: formatTime(record.nextTryMs),
    last: record.last ?? null,
  };
  return JSON.stringify(value, undefined, 2) + "\n";
}

/** Undefined when `text` is not a record, whole and in every member. */
export function parseRecord(text: string): EpisodeRecord | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  const parsed = v.safeParse(schema, value);
  if (!parsed.success) return undefined;
  const { output } = parsed;
  return {
    id: output.id,
    signature: output.signature,
    stamp: output.stamp ?? undefined,
    packed: output.packed === null ? undefined : {
      format: output.packed.format,
      episodeDigest: output.packed.episode_digest,
      archiveDigest: output.packed.archive_digest,
      archiveBytes: output.packed.archive_bytes,
      tarBytes: output.packed.tar_bytes,
      entries: output.packed.entries,
    },
    tries: output.tries,
    firstTryMs: output.first_try ?? undefined,
    lastTryMs: output.last_try ?? undefined,
    nextTryMs: output.next_try ?? undefined,
    last: output.last ?? undefined,
  };
}

/** Problems, with all their members, are far below this. */
const LIMIT_BYTES = 256 * 1024;

/** The text of a small file; undefined when there is none, or none that could be ours. Throws FsError. */
export function findText(fs: Pick<Fs, "openRead">, path: string): string | undefined {
  try {
    const bytes = findFile(fs, path, LIMIT_BYTES);
    return bytes === undefined ? undefined : new TextDecoder().decode(bytes);
  } catch (error) {
    // Too large, or not a file.
    if (error instanceof OddFileError) return undefined;
    throw error;
  }
}

/** Undefined when there is none that can be read. Throws FsError. */
export function findRecord(
  fs: Pick<Fs, "openRead">,
  layout: Layout,
  id: EpisodeId,
): EpisodeRecord | undefined {
  const text = findText(fs, layout.record(id));
  const record = text === undefined ? undefined : parseRecord(text);
  return record?.id === id ? record : undefined;
}

type RecordFs = Pick<Fs, "create" | "chmod" | "chown" | "unlink" | "rename">;

/** Replaces the record, durably. */
export async function writeRecord(
  fs: RecordFs & Pick<Fs, "syncDir">,
  layout: Layout,
  record: EpisodeRecord,
): Promise<void> {
  await writeRecordSoon(fs, layout, record);
  await fs.syncDir(layout.outbox);
}

/** Replaces the record, its bytes synced; durable with the next sync of the outbox. */
export async function writeRecordSoon(
  fs: RecordFs,
  layout: Layout,
  record: EpisodeRecord,
): Promise<void> {
  const bytes = new TextEncoder().encode(formatRecord(record));
  await replaceFile(fs, layout.record(record.id), bytes);
}

/** Forgets what is known of the episode, durably. */
export async function removeRecord(
  fs: Pick<Fs, "unlink" | "syncDir">,
  layout: Layout,
  id: EpisodeId,
): Promise<void> {
  await unlinkDurably(fs, layout.record(id));
}
