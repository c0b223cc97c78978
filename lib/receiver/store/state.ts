/**
 * The state of an upload in pieces, in a file beside its bytes.
 *
 * It is replaced, durably, only after the bytes that it counts were synced and had the digest that the client gave for
 * them. So the offset is never ahead of the disk: the length of the partial can't serve as one, since after a power cut
 * a file may be longer than the bytes that reached the disk, and after a crash it ends in a piece nobody checked.
 */
import * as v from "valibot";
import { findDigest, findStamp } from "../../episode/mod.ts";
import type { Announcement, UploadKey } from "../store.ts";

const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));

const schema = v.object({
  format: v.literal(1),
  archive_bytes: count,
  offset_bytes: count,
  episode_digest: v.string(),
  code_commit: v.string(),
});

/** An announcement and how far it has come. */
export interface UploadState extends Announcement {
  readonly offsetBytes: number;
}

export function formatState(state: UploadState): Uint8Array {
  const members: v.InferInput<typeof schema> = {
    format: 1,
    archive_bytes: state.archiveBytes,
    offset_bytes: state.offsetBytes,
    episode_digest: state.episodeDigest,
    code_commit: state.stamp,
  };
  return new TextEncoder().encode(JSON.stringify(members) + "\n");
}

/** Undefined when `bytes` are not a whole state: the upload then begins anew. */
export function parseState(key: UploadKey, bytes: Uint8Array): UploadState | undefined {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return undefined;
  }
  const parsed = v.safeParse(schema, value);
  if (!parsed.success) return undefined;
  const { archive_bytes, offset_bytes, episode_digest, code_commit } = parsed.output;
  const episodeDigest = findDigest(episode_digest);
  const stamp = findStamp(code_commit);
  if (episodeDigest === undefined || stamp === undefined || offset_bytes > archive_bytes) {
    return undefined;
  }
  return { ...key, archiveBytes: archive_bytes, offsetBytes: offset_bytes, episodeDigest, stamp };
}
