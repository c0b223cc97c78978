/**
 * The records of a pax extended header (POSIX.1-2017, pax, "pax Extended Header"): `<length> <key>=<value>\n`,
 * where the length in decimal counts the whole record, itself included.
 */

/** The keys of format 1, in the order in which they are written. */
export const PAX_KEYS = ["path", "linkpath", "size", "mtime"] as const;
export type PaxKey = (typeof PAX_KEYS)[number];
export type PaxRecords = Readonly<Partial<Record<PaxKey, string>>>;

const NANOSECONDS = 1_000_000_000n;
const encoder = new TextEncoder();
const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

export function formatPax(records: PaxRecords): Uint8Array<ArrayBuffer> {
  let text = "";
  for (const key of PAX_KEYS) {
    const value = records[key];
    if (value !== undefined) text += formatRecord(key, value);
  }
  return encoder.encode(text);
}

function formatRecord(key: string, value: string): string {
  const rest = ` ${key}=${value}\n`;
  const restBytes = encoder.encode(rest).byteLength;
  let length = restBytes + 1;
  while (restBytes + `${length}`.length !== length) length = restBytes + `${length}`.length;
  return `${length}${rest}`;
}

/** What is wrong with the records, in words. */
export interface PaxFault {
  readonly fault: string;
}

/**
 * Inverts {@link formatPax}, and takes more: any order, for one. Who wants the canonical form formats the
 * result again and compares.
 */
export function parsePax(bytes: Uint8Array): PaxRecords | PaxFault {
  const records: Partial<Record<PaxKey, string>> = {};
  for (let at = 0; at < bytes.byteLength;) {
    const digits = /^[1-9][0-9]{0,6} /.exec(ascii(bytes.subarray(at, at + 8)))?.[0];
    const end = at + Number(digits ?? 0);
    if (digits === undefined || end > bytes.byteLength || bytes[end - 1] !== 0x0a) {
      return { fault: "has a damaged pax header" };
    }
    const record = findUtf8(bytes.subarray(at + digits.length, end - 1));
    if (record === undefined) return { fault: "has a pax header that is not UTF-8" };
    const equals = record.indexOf("=");
    const key = PAX_KEYS.find((known) => known === record.slice(0, equals));
    if (key === undefined) {
      return { fault: `has the pax key ${JSON.stringify(record.slice(0, Math.max(equals, 0)))}` };
    }
    if (key in records) return { fault: `has the pax key ${key} twice` };
    records[key] = record.slice(equals + 1);
    at = end;
  }
  return records;
}

/** Seconds since the epoch as a decimal number, exact, without superfluous digits: -1500000000 ns is `-1.5`. */
export function formatPaxTime(ns: bigint): string {
  const size = ns < 0n ? -ns : ns;
  const fraction = `${size % NANOSECONDS}`.padStart(9, "0").replace(/0+$/, "");
  return `${ns < 0n ? "-" : ""}${size / NANOSECONDS}${fraction === "" ? "" : `.${fraction}`}`;
}

/** Inverts {@link formatPaxTime}; undefined when there are more than nine decimals, or no number. */
export function parsePaxTime(text: string): bigint | undefined {
  const match = /^(-?)([0-9]{1,20})(?:\.([0-9]{1,9}))?$/.exec(text);
  if (match === null) return undefined;
  const [, sign, seconds = "", fraction = ""] = match;
  const size = BigInt(seconds) * NANOSECONDS + BigInt(fraction.padEnd(9, "0"));
  return sign === "-" ? -size : size;
}

function ascii(bytes: Uint8Array): string {
  return String.fromCharCode(...bytes);
}

/** The text, when the bytes are UTF-8; a byte order mark stays part of it. */
export function findUtf8(bytes: Uint8Array): string | undefined {
  try {
    return utf8.decode(bytes);
  } catch {
    return undefined;
  }
}
