/** Archives for the receiver's tests, and the headers that announce them. */
import { createHash } from "node:crypto";
import { findDigest } from "../../lib/episode/mod.ts";
import { formatDigestField } from "../../lib/wire/mod.ts";
import { concat, END, file, zstd } from "../archive/tar.ts";

export interface Sample {
  readonly bytes: Uint8Array;
  readonly archiveDigest: string;
  readonly episodeDigest: string;
}

/** An episode with this stamp and, where it is said, a file of so many random bytes. */
export function sample(stamp: string, randomBytes = 0, note = ""): Sample {
  const meta = JSON.stringify({ code_version: { commit: stamp }, note });
  const parts = [file("meta.json", meta), randomFile(randomBytes)];
  return sampleOf(concat(...parts, END));
}

/** Any tar stream as an archive. */
export function sampleOf(tar: Uint8Array): Sample {
  return { ...digestsOf(zstd(tar)), episodeDigest: sha256(tar) };
}

/** Any bytes, said to be an archive. */
export function digestsOf(bytes: Uint8Array): Sample {
  return { bytes, archiveDigest: sha256(bytes), episodeDigest: sha256(new Uint8Array()) };
}

export function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

export function digestField(hex: string): string {
  const digest = findDigest(hex);
  if (digest === undefined) throw new RangeError(`${hex} is no digest`);
  return formatDigestField(digest);
}

/** The headers of a PUT, without Authorization. */
export function putHeaders(sample: Sample, stamp: string): Record<string, string> {
  return {
    "content-type": "application/zstd",
    "repr-digest": digestField(sample.archiveDigest),
    "cis490-episode-digest": digestField(sample.episodeDigest),
    "cis490-code-commit": stamp,
  };
}

/** The headers that make an announcement of a PUT. */
export function announceHeaders(sample: Sample, stamp: string): Record<string, string> {
  return {
    ...putHeaders(sample, stamp),
    "upload-complete": "?0",
    "upload-length": String(sample.bytes.byteLength),
  };
}

/** The headers of a PATCH that carries `piece`. */
export function pieceHeaders(
  piece: Uint8Array,
  offset: number,
  isLast: boolean,
): Record<string, string> {
  return {
    "content-type": "application/partial-upload",
    "upload-offset": String(offset),
    "upload-complete": isLast ? "?1" : "?0",
    "content-digest": digestField(sha256(piece)),
  };
}

function randomFile(bytes: number): Uint8Array[] {
  if (bytes === 0) return [];
  const content = new Uint8Array(bytes);
  for (let at = 0; at < bytes; at += 65_536) {
    crypto.getRandomValues(content.subarray(at, at + 65_536));
  }
  const [header] = file("noise.bin", "", { size: bytes });
  const padding = new Uint8Array((512 - bytes % 512) % 512);
  return header === undefined ? [] : [header, content, padding];
}
