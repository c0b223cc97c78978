/** What the headers of a PUT claim about the archive, held to their grammar before anything else looks at them. */
import { type Digest, type EpisodeId, findStamp, type HostId } from "../episode/mod.ts";
import {
  HEADER,
  MEDIA_TYPE_ARCHIVE,
  MEDIA_TYPE_PIECE,
  parseBoolean,
  parseBytes,
  parseDigestField,
} from "../wire/mod.ts";
import { Refusal } from "./refusal.ts";
import type { Announcement } from "./store.ts";

/** A PUT: the archive is its body, or is announced and comes in pieces. */
export interface Claim extends Announcement {
  readonly kind: "whole" | "announced";
}

/** Throws Refusal `unstamped`, `bad-digest`, `bad-request`, `not-an-archive`, `inconsistent-upload-length`. */
export function parseClaim(host: HostId, id: EpisodeId, headers: Headers): Claim {
  const stamp = findStamp(headers.get(HEADER.codeCommit) ?? "");
  if (stamp === undefined) {
    throw new Refusal(
      "unstamped",
      "no commit is named: code_version.commit in meta.json is missing or not 40 lower-case hex digits",
    );
  }
  const archiveDigest = readDigest(headers, HEADER.reprDigest, "Repr-Digest");
  const episodeDigest = readDigest(headers, HEADER.episodeDigest, "Cis490-Episode-Digest");
  const isWhole = readComplete(headers) ?? true;
  refuseCoding(headers);
  const bodyBytes = readLength(headers);
  const lengthBytes = isWhole
    ? bodyBytes
    : readBytes(headers, HEADER.uploadLength, "Upload-Length");
  if (isWhole) {
    expectType(headers, MEDIA_TYPE_ARCHIVE);
    const said = headers.get(HEADER.uploadLength);
    if (said !== null && parseBytes(said) !== bodyBytes) {
      throw new Refusal("inconsistent-upload-length", "Upload-Length is not Content-Length");
    }
  } else if (bodyBytes !== 0) {
    throw new Refusal("bad-request", "an announcement (Upload-Complete: ?0) has an empty body");
  }
  if (lengthBytes === 0) throw new Refusal("not-an-archive", "the archive is empty");
  const kind = isWhole ? "whole" : "announced";
  return { kind, host, id, stamp, archiveDigest, episodeDigest, archiveBytes: lengthBytes };
}

/** A PATCH: the bytes from an offset on. */
export interface PieceClaim {
  readonly offsetBytes: number;
  readonly bytes: number;
  readonly digest: Digest;
  readonly isLast: boolean;
}

/** Throws Refusal `bad-digest`, `bad-request`. */
export function parsePieceClaim(headers: Headers, maxPieceBytes: number): PieceClaim {
  expectType(headers, MEDIA_TYPE_PIECE);
  refuseCoding(headers);
  const isLast = readComplete(headers);
  if (isLast === undefined) throw new Refusal("bad-request", "Upload-Complete is missing");
  const offsetBytes = readBytes(headers, HEADER.uploadOffset, "Upload-Offset");
  const bytes = readLength(headers);
  if (bytes > maxPieceBytes) {
    throw new Refusal("bad-request", `a piece has at most ${maxPieceBytes} bytes (Upload-Limit)`);
  }
  const digest = readDigest(headers, HEADER.contentDigest, "Content-Digest");
  return { offsetBytes, bytes, digest, isLast };
}

function readDigest(headers: Headers, field: string, shown: string): Digest {
  const digest = parseDigestField(headers.get(field) ?? "");
  if (digest === undefined) {
    throw new Refusal("bad-digest", `${shown} is missing or not of the form sha-256=:…:`);
  }
  return digest;
}

function readComplete(headers: Headers): boolean | undefined {
  const value = headers.get(HEADER.uploadComplete);
  if (value === null) return undefined;
  const complete = parseBoolean(value);
  if (complete === undefined) throw new Refusal("bad-request", "Upload-Complete is not ?0 or ?1");
  return complete;
}

function readBytes(headers: Headers, field: string, shown: string): number {
  const bytes = parseBytes(headers.get(field) ?? "");
  if (bytes === undefined) throw new Refusal("bad-request", `${shown} is missing or not a number`);
  return bytes;
}

/** A body of unknown length can't be refused before it is there. */
function readLength(headers: Headers): number {
  return readBytes(headers, "content-length", "Content-Length");
}

function expectType(headers: Headers, expected: string): void {
  const type = headers.get("content-type")?.split(";")[0]?.trim().toLowerCase();
  if (type !== expected) throw new Refusal("bad-request", `Content-Type is not ${expected}`);
}

/** Repr-Digest and Content-Digest would mean different bytes (RFC 9530, section 3). */
function refuseCoding(headers: Headers): void {
  if (headers.has("content-encoding")) {
    throw new Refusal("bad-request", "Content-Encoding is not taken");
  }
}
