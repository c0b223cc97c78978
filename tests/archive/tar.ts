/** A tar writer for tests that knows nothing of lib/: it writes whatever it is told, with a right checksum. */
import { constants, zstdCompressSync } from "node:zlib";

const encoder = new TextEncoder();

/** The fields of a header by their offsets; numbers are written as octal digits and a NUL. */
export interface Header {
  readonly name: string | Uint8Array;
  readonly mode?: number;
  readonly uid?: number;
  readonly gid?: number;
  readonly size?: number;
  readonly mtime?: number;
  readonly type?: string;
  readonly linkname?: string;
  readonly magic?: string;
  readonly uname?: string;
  readonly gname?: string;
  readonly devmajor?: number;
  readonly prefix?: string;
  /** Changes the block before its checksum is made. */
  readonly patch?: (block: Uint8Array) => void;
}

export function header(fields: Header): Uint8Array<ArrayBuffer> {
  const block = new Uint8Array(512);
  const text = (at: number, value: string | Uint8Array) =>
    block.set(typeof value === "string" ? encoder.encode(value) : value, at);
  const octal = (at: number, digits: number, value: number) =>
    text(at, value.toString(8).padStart(digits, "0"));
  text(0, fields.name);
  octal(100, 7, fields.mode ?? 0o644);
  octal(108, 7, fields.uid ?? 0);
  octal(116, 7, fields.gid ?? 0);
  octal(124, 11, fields.size ?? 0);
  octal(136, 11, fields.mtime ?? 0);
  text(156, fields.type ?? "0");
  text(157, fields.linkname ?? "");
  text(257, fields.magic ?? "ustar\x0000");
  text(265, fields.uname ?? "");
  text(297, fields.gname ?? "");
  octal(329, 7, fields.devmajor ?? 0);
  octal(337, 7, 0);
  text(345, fields.prefix ?? "");
  fields.patch?.(block);
  block.fill(0x20, 148, 156);
  text(148, block.reduce((sum, byte) => sum + byte, 0).toString(8).padStart(6, "0") + "\0 ");
  return block;
}

/** `bytes` filled up to whole blocks. */
export function padded(bytes: Uint8Array | string, fill = 0): Uint8Array<ArrayBuffer> {
  const given = typeof bytes === "string" ? encoder.encode(bytes) : bytes;
  const whole = new Uint8Array(Math.ceil(given.byteLength / 512) * 512).fill(fill);
  whole.set(given);
  return whole;
}

export function file(name: string, content: string, more: Partial<Header> = {}): Uint8Array[] {
  const size = encoder.encode(content).byteLength;
  return [header({ name, size, ...more }), padded(content)];
}

/** A pax header with these records, its length prefixes right. */
export function pax(records: readonly (readonly [string, string])[], type = "x"): Uint8Array[] {
  const text = records.map(([key, value]) => {
    const rest = ` ${key}=${value}\n`;
    const bytes = encoder.encode(rest).byteLength;
    const digits = `${bytes + `${bytes}`.length}`.length;
    return `${bytes + digits}${rest}`;
  }).join("");
  return file("././@PaxHeader", text, { type });
}

/** What ends a tar stream. */
export const END = new Uint8Array(1024);

export function concat(...parts: readonly (Uint8Array | readonly Uint8Array[])[]): Uint8Array<
  ArrayBuffer
> {
  const flat = parts.flatMap((part) => part instanceof Uint8Array ? [part] : [...part]);
  const whole = new Uint8Array(flat.reduce((sum, part) => sum + part.byteLength, 0));
  let at = 0;
  for (const part of flat) {
    whole.set(part, at);
    at += part.byteLength;
  }
  return whole;
}

/** One zstd frame with a checksum. */
export function zstd(bytes: Uint8Array): Uint8Array {
  const frame = zstdCompressSync(bytes, { params: { [constants.ZSTD_c_checksumFlag]: 1 } });
  return Uint8Array.from(frame);
}
