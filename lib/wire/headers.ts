/**
 * The header fields of the protocol: name, grammar, source. Every pair `format*` and `parse*` inverts each
 * other; `parse*` returns undefined for anything outside the grammar.
 */
import { type Digest, digestOfBytes } from "../episode/mod.ts";

export const MEDIA_TYPE_ARCHIVE = "application/zstd"; // RFC 8878
export const MEDIA_TYPE_PROBLEM = "application/problem+json"; // RFC 9457
export const MEDIA_TYPE_RECEIPT = "application/vnd.cis490.receipt+json";
export const MEDIA_TYPE_PIECE = "application/partial-upload"; // draft-ietf-httpbis-resumable-upload-15

export const HEADER = {
  /** The receiver's version, on every answer of its own. */
  receiver: "cis490-receiver",
  /** The stamp: 40 lower-case hex digits. */
  codeCommit: "cis490-code-commit",
  /** The episode digest, in the form of Repr-Digest. */
  episodeDigest: "cis490-episode-digest",
  /** The client certificate's name, set by the proxy alone. */
  clientName: "cis490-client-name",
  /** What proves on TCP that the proxy speaks. */
  proxySecret: "cis490-proxy-secret",
  /** The archive digest, RFC 9530. */
  reprDigest: "repr-digest",
  /** The digest of one piece, RFC 9530. */
  contentDigest: "content-digest",
  uploadComplete: "upload-complete",
  uploadOffset: "upload-offset",
  uploadLength: "upload-length",
  uploadLimit: "upload-limit",
} as const;

/** RFC 9530: `sha-256=:<base64>:`. */
export function formatDigestField(digest: Digest): string {
  const bytes = Uint8Array.from(
    { length: 32 },
    (_, at) => parseInt(digest.slice(2 * at, 2 * at + 2), 16),
  );
  return `sha-256=:${bytes.toBase64()}:`;
}

/**
 * The sha-256 member of an RFC 9530 field, which is a dictionary and may carry others; of two the last counts (RFC 9651,
 * section 3.2).
 */
export function parseDigestField(value: string): Digest | undefined {
  for (const member of value.split(",").reverse()) {
    const match = /^\s*sha-256=:([A-Za-z0-9+/]{43}=):\s*$/.exec(member);
    if (match?.[1] !== undefined) return digestOfBytes(Uint8Array.fromBase64(match[1]));
  }
  return undefined;
}

/** RFC 9651 boolean. */
export function formatBoolean(value: boolean): string {
  return value ? "?1" : "?0";
}

export function parseBoolean(value: string): boolean | undefined {
  return value === "?1" ? true : value === "?0" ? false : undefined;
}

/** A byte count: decimal digits alone, up to 15 of them as in RFC 9651. */
export function parseBytes(value: string): number | undefined {
  return /^[0-9]{1,15}$/.test(value) ? Number(value) : undefined;
}

/** What the receiver takes, from Upload-Limit: bytes, and seconds an untouched partial is kept. */
export interface UploadLimit {
  readonly maxSizeBytes: number;
  readonly maxPieceBytes: number;
  readonly maxAgeS: number;
}

export function formatUploadLimit(limit: UploadLimit): string {
  return `max-size=${limit.maxSizeBytes}, max-append-size=${limit.maxPieceBytes}, max-age=${limit.maxAgeS}`;
}

/** Members that are missing or not numbers are left out. */
export function parseUploadLimit(value: string): Partial<UploadLimit> {
  const members = value.split(",").map((member) => member.trim().split("="));
  const number = (name: string) => parseBytes(members.find(([key]) => key === name)?.[1] ?? "");
  const maxSizeBytes = number("max-size");
  const maxPieceBytes = number("max-append-size");
  const maxAgeS = number("max-age");
  return {
    ...(maxSizeBytes === undefined ? {} : { maxSizeBytes }),
    ...(maxPieceBytes === undefined ? {} : { maxPieceBytes }),
    ...(maxAgeS === undefined ? {} : { maxAgeS }),
  };
}
