/** Reading a header strictly: only what {@link encodeHeader} writes is taken. */
import { ArchiveError, showPath } from "./error.ts";
import { checksum, encodeHeader, FIELDS, type TarEntry, TYPE_FLAG } from "./format.ts";
import { findUtf8, parsePax, parsePaxTime, type PaxRecords } from "./pax.ts";

/** The types that tar knows and format 1 does not. */
const OTHER_TYPES: Readonly<Record<string, string>> = {
  "\0": "is a file in the form of old tar",
  "1": "is a hard link",
  "3": "is a character device",
  "4": "is a block device",
  "6": "is a FIFO",
  "7": "is a contiguous file",
  "D": "is a GNU directory dump",
  "g": "is a global pax header",
  "K": "is a GNU long link name",
  "L": "is a GNU long name",
  "M": "is a part of a GNU multi-volume archive",
  "S": "is a GNU sparse file",
  "V": "is a GNU volume label",
};

const ENTRY_TYPES: Readonly<Record<string, TarEntry["type"]>> = {
  [TYPE_FLAG.file]: "file",
  [TYPE_FLAG.directory]: "directory",
  [TYPE_FLAG.symlink]: "symlink",
};

const NANOSECONDS = 1_000_000_000n;

/** The bytes before an entry as they came: the pax header's blocks, if any, and the ustar header. */
export interface RawHeader {
  /** The pax header's own block and its records with their padding; empty without one. */
  readonly pax: Uint8Array;
  readonly paxSizeBytes: number;
  readonly block: Uint8Array;
}

/** A header block that is intact. */
export interface Block {
  readonly type: "pax" | TarEntry["type"];
  /** Of what follows, by the block alone; a pax header may say otherwise. */
  readonly sizeBytes: number;
}

/**
 * Looks at a header block by itself. Throws `not-an-archive` when it is damaged, `unsafe-entry` when it is
 * of a type that format 1 does not have.
 */
export function readBlock(block: Uint8Array): Block {
  if (findOctal(block, "checksum") !== checksum(block)) {
    throw new ArchiveError(
      "not-an-archive",
      "",
      "the tar stream is damaged: a header is not intact",
    );
  }
  const flag = String.fromCharCode(block[FIELDS.type[0]] ?? 0);
  const type = flag === TYPE_FLAG.pax ? "pax" : ENTRY_TYPES[flag];
  const name = () => showPath(rawText(block, "name"));
  if (type === undefined) {
    const what = OTHER_TYPES[flag] ?? `has the unknown type ${JSON.stringify(flag)}`;
    throw new ArchiveError("unsafe-entry", name(), what);
  }
  const sizeBytes = findOctal(block, "size");
  if (sizeBytes === undefined) {
    throw new ArchiveError("unsafe-entry", name(), "has a size that is not eleven octal digits");
  }
  return { type, sizeBytes };
}

/** The entry that a header tells of; its path and target are not judged yet. Throws `unsafe-entry`. */
export function readHeader(type: TarEntry["type"], raw: RawHeader): TarEntry {
  const parsed = parsePax(raw.pax.subarray(512, 512 + raw.paxSizeBytes));
  const records: PaxRecords = "fault" in parsed ? {} : parsed;
  const path = records.path ?? rawText(raw.block, "name");
  const refuse = (why: string) => new ArchiveError("unsafe-entry", showPath(path), why);
  if ("fault" in parsed) throw refuse(parsed.fault);

  const sizeBytes = records.size === undefined
    ? findOctal(raw.block, "size")
    : /^[0-9]{1,15}$/.test(records.size)
    ? Number(records.size)
    : undefined;
  if (sizeBytes === undefined) throw refuse("has a size that is no number");
  const seconds = findOctal(raw.block, "mtime");
  const mtimeNs = records.mtime !== undefined
    ? parsePaxTime(records.mtime)
    : seconds === undefined
    ? undefined
    : BigInt(seconds) * NANOSECONDS;
  if (mtimeNs === undefined) throw refuse("has a time that is no number");
  const mode = findOctal(raw.block, "mode");
  if (mode === undefined) throw refuse("has a mode that is not seven octal digits");

  return {
    path: type === "directory" && path.endsWith("/") ? path.slice(0, -1) : path,
    type,
    mode,
    sizeBytes,
    mtimeNs,
    target: records.linkpath ?? rawText(raw.block, "linkname"),
  };
}

/** What differs from the header that format 1 has for this entry, in words; undefined when nothing does. */
export function findDeviation(entry: TarEntry, raw: RawHeader): string | undefined {
  if (entry.type !== "file" && entry.sizeBytes !== 0) return `is a ${entry.type} with a size`;
  if (entry.type !== "symlink" && entry.target !== "") return `is a ${entry.type} with a link name`;
  const expected = encodeHeader(entry);
  const pax = expected.subarray(0, expected.byteLength - 512);
  if (!equal(pax, raw.pax)) return "has a pax header that is not in canonical form";
  const block = expected.subarray(pax.byteLength);
  if (equal(block, raw.block)) return undefined;
  for (const [name, [start, length]] of Object.entries(FIELDS)) {
    const end = start + length;
    if (!equal(block.subarray(start, end), raw.block.subarray(start, end))) {
      return `has a header whose ${name} is not in canonical form`;
    }
  }
  return "has a header that is not in canonical form";
}

function equal(a: Uint8Array, b: Uint8Array): boolean {
  if (a.byteLength !== b.byteLength) return false;
  for (let at = 0; at < a.byteLength; at++) if (a[at] !== b[at]) return false;
  return true;
}

/** A field's bytes up to the first NUL. Bytes that are not UTF-8 become U+FFFD, which no check lets pass. */
function rawText(block: Uint8Array, field: "name" | "linkname"): string {
  const [start, length] = FIELDS[field];
  const bytes = block.subarray(start, start + length);
  const end = bytes.indexOf(0);
  const text = end < 0 ? bytes : bytes.subarray(0, end);
  return findUtf8(text) ?? new TextDecoder().decode(text);
}

/** A number as this format writes it: octal digits, then NUL (for the checksum NUL and space). */
function findOctal(
  block: Uint8Array,
  field: "mode" | "size" | "mtime" | "checksum",
): number | undefined {
  const [start, length] = FIELDS[field];
  const text = String.fromCharCode(...block.subarray(start, start + length));
  const digits = (field === "checksum" ? /^([0-7]{6})\0 $/ : /^([0-7]+)\0$/).exec(text)?.[1];
  return digits === undefined ? undefined : parseInt(digits, 8);
}
