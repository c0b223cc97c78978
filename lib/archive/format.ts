/**
 * Archive format 1, byte for byte: the only place that knows it. The same tree gives the same tar stream on
 * any machine, on any day; a byte that changes here is another format, with a number of its own.
 *
 * The stream holds, for every entry, {@link encodeHeader}, then a file's bytes filled up with zeros to a
 * multiple of 512, and after the last entry two blocks of zeros and nothing else. A header is a ustar header
 * (POSIX.1-2017, pax, "ustar Interchange Format"), preceded by a pax header when a value does not fit:
 *
 * - name: a directory's path ends in `/`. The prefix field is never used.
 * - mode: permission bits alone, 0777 for a link. Owner and group are 0, their names empty.
 * - pax `path`, `linkpath`: when longer than 100 bytes. Up to there UTF-8 stands in the ustar field as it is, for
 *   libarchive recodes what it finds in a pax header: in a UTF-8 locale it composes decomposed characters, in
 *   the C locale it complains. The ustar field of a long name holds its first 99 bytes, with `_` for what is
 *   not ASCII, and a closing `_`: never a `/` at the end of a file's name.
 * - pax `size`: from 8 GiB. pax `mtime`: with a part below the second, or outside of 0 to 8^11 - 1 seconds. A
 *   number that does not fit its ustar field is 0 there; of a time with a fraction the whole seconds stand there.
 * - the pax header's own header is named `././@PaxHeader`, mode 0644, time 0, and has no key but these four.
 */
import { MEDIA_TYPE_ARCHIVE } from "../wire/mod.ts";
import { formatPax, formatPaxTime, type PaxKey } from "./pax.ts";

export { MEDIA_TYPE_ARCHIVE };

/** The number of this format. */
export const FORMAT = 1;
/** What an archive's file name ends in, after the episode's id. */
export const ARCHIVE_SUFFIX = ".tar.zst";
/** The largest window that a zstd frame may ask for: what a reader must hold in memory. */
export const WINDOW_LIMIT_BYTES = 8 * 1024 * 1024;

export const BLOCK_BYTES = 512;
/** What ends the stream. */
export const END_BYTES = 2 * BLOCK_BYTES;

export const TYPE_FLAG = { file: "0", symlink: "2", directory: "5", pax: "x" } as const;

/** One entry, as the archive keeps it. */
export interface TarEntry {
  /** Relative to the episode, parts joined by `/`, none at the end. */
  readonly path: string;
  readonly type: "file" | "directory" | "symlink";
  /** Permission bits, 0 to 0o777; not kept of a link. */
  readonly mode: number;
  /** 0 unless it is a file. */
  readonly sizeBytes: number;
  readonly mtimeNs: bigint;
  /** Of a link; empty otherwise. */
  readonly target: string;
}

/**
 * Where the fields of a ustar header begin, how long they are, and what a message calls them. The checksum
 * stands last: it differs whenever another field does.
 */
export const FIELDS = {
  name: [0, 100],
  mode: [100, 8],
  uid: [108, 8],
  gid: [116, 8],
  size: [124, 12],
  mtime: [136, 12],
  type: [156, 1],
  linkname: [157, 100],
  magic: [257, 8],
  uname: [265, 32],
  gname: [297, 32],
  devmajor: [329, 8],
  devminor: [337, 8],
  prefix: [345, 155],
  padding: [500, 12],
  checksum: [148, 8],
} as const satisfies Readonly<Record<string, readonly [start: number, length: number]>>;

const NAME_BYTES = FIELDS.name[1];
/** One more than the largest number in a field of eleven octal digits. */
const OCTAL_LIMIT = 8 ** 11;
const NANOSECONDS = 1_000_000_000n;
const PAX_NAME = "././@PaxHeader";

const encoder = new TextEncoder();

/** How many zeros follow a file of `sizeBytes`. */
export function paddingBytes(sizeBytes: number): number {
  return (BLOCK_BYTES - sizeBytes % BLOCK_BYTES) % BLOCK_BYTES;
}

/** All that precedes an entry's bytes: a pax header when one is needed, then the ustar header. */
export function encodeHeader(entry: TarEntry): Uint8Array<ArrayBuffer> {
  const path = entry.type === "directory" ? `${entry.path}/` : entry.path;
  const seconds = entry.mtimeNs / NANOSECONDS;
  const secondsFit = seconds >= 0n && seconds < BigInt(OCTAL_LIMIT);
  const records: Partial<Record<PaxKey, string>> = {};
  if (!fitsName(path)) records.path = path;
  if (!fitsName(entry.target)) records.linkpath = entry.target;
  if (entry.sizeBytes >= OCTAL_LIMIT) records.size = `${entry.sizeBytes}`;
  if (!secondsFit || seconds * NANOSECONDS !== entry.mtimeNs) {
    records.mtime = formatPaxTime(entry.mtimeNs);
  }
  const pax = formatPax(records);
  const paxBytes = pax.byteLength === 0
    ? 0
    : BLOCK_BYTES + pax.byteLength + paddingBytes(pax.byteLength);
  const bytes = new Uint8Array(paxBytes + BLOCK_BYTES);
  if (paxBytes > 0) {
    encodeUstar(bytes, TYPE_FLAG.pax, PAX_NAME, 0o644, pax.byteLength, 0, "");
    bytes.set(pax, BLOCK_BYTES);
  }
  encodeUstar(
    bytes.subarray(paxBytes),
    TYPE_FLAG[entry.type],
    path,
    entry.type === "symlink" ? 0o777 : entry.mode,
    entry.sizeBytes < OCTAL_LIMIT ? entry.sizeBytes : 0,
    secondsFit ? Number(seconds) : 0,
    entry.target,
  );
  return bytes;
}

function encodeUstar(
  block: Uint8Array,
  type: string,
  name: string,
  mode: number,
  size: number,
  mtime: number,
  linkname: string,
): void {
  const put = ([start]: readonly [number, number], text: string) => {
    encoder.encodeInto(text, block.subarray(start));
  };
  const octal = ([start, length]: readonly [number, number], value: number) => {
    put([start, length], value.toString(8).padStart(length - 1, "0"));
  };
  put(FIELDS.name, fieldText(name));
  octal(FIELDS.mode, mode & 0o777);
  octal(FIELDS.uid, 0);
  octal(FIELDS.gid, 0);
  octal(FIELDS.size, size);
  octal(FIELDS.mtime, mtime);
  put(FIELDS.type, type);
  put(FIELDS.linkname, fieldText(linkname));
  put(FIELDS.magic, "ustar\0" + "00");
  octal(FIELDS.devmajor, 0);
  octal(FIELDS.devminor, 0);
  put(FIELDS.checksum, `${checksum(block).toString(8).padStart(6, "0")}\0 `);
}

/** The sum of a header's bytes, its own checksum counted as spaces. */
export function checksum(block: Uint8Array): number {
  const [start, length] = FIELDS.checksum;
  let sum = length * 0x20;
  for (let at = 0; at < BLOCK_BYTES; at++) {
    if (at < start || at >= start + length) sum += block[at] ?? 0;
  }
  return sum;
}

function fitsName(text: string): boolean {
  return text.length <= NAME_BYTES && encoder.encode(text).byteLength <= NAME_BYTES;
}

function fieldText(text: string): string {
  if (fitsName(text)) return text;
  const bytes = encoder.encode(text).subarray(0, NAME_BYTES - 1);
  return String.fromCharCode(...bytes.map((byte) => byte < 0x80 ? byte : 0x5f)) + "_";
}
