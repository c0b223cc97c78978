/**
 * How long an ELF file is by its own headers, whatever was appended to it.
 *
 * `deno compile` writes its program behind an unchanged `denort`, so the extent of a compiled program's ELF part is the
 * denort it was compiled with. See elf(5): the file ends with the section header table or with the last segment's file
 * range, whichever is later.
 */

const HEADER_BYTES = 64;
const PROGRAM_HEADER_BYTES = 56;

/** Architectures by their number in e_machine; elf(5). */
const MACHINES: ReadonlyMap<number, string> = new Map([[62, "x86_64"], [183, "aarch64"]]);

/** What the headers of a 64-bit little-endian ELF file say about it. */
export interface ElfExtent {
  /** `x86_64`, `aarch64`, or the number in e_machine in words. */
  readonly machine: string;
  /** Bytes from the file's beginning that belong to the ELF file. */
  readonly sizeBytes: number;
}

/**
 * Reads the extent from the first bytes of a file, which must include the program header table.
 *
 * @throws {Error} if it is not a 64-bit little-endian ELF file, or if its headers point beyond the bytes given
 */
export function readElfExtent(file: Uint8Array): ElfExtent {
  const magic = [0x7f, 0x45, 0x4c, 0x46, /* 64 bit */ 2, /* little-endian */ 1];
  if (file.length < HEADER_BYTES || magic.some((byte, at) => file[at] !== byte)) {
    throw new Error("not a 64-bit little-endian ELF file");
  }
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const machine = view.getUint16(18, true);
  const programHeaders = readOffset(view, 32);
  const sectionHeaders = readOffset(view, 40);
  const programHeaderBytes = view.getUint16(54, true);
  const programHeaderCount = view.getUint16(56, true);
  const sectionHeadersEnd = sectionHeaders + view.getUint16(58, true) * view.getUint16(60, true);
  if (programHeaderCount > 0 && programHeaderBytes !== PROGRAM_HEADER_BYTES) {
    throw new Error(`program headers of ${programHeaderBytes} bytes; elf(5) knows 56`);
  }
  if (programHeaders + programHeaderCount * programHeaderBytes > file.length) {
    throw new Error("the program header table lies beyond the end of the file");
  }

  let sizeBytes = Math.max(HEADER_BYTES, sectionHeadersEnd);
  for (let index = 0; index < programHeaderCount; index++) {
    const at = programHeaders + index * programHeaderBytes;
    sizeBytes = Math.max(sizeBytes, readOffset(view, at + 8) + readOffset(view, at + 32));
  }
  if (sizeBytes > file.length) {
    throw new Error(`cut off: its headers speak of ${sizeBytes} bytes, there are ${file.length}`);
  }
  return { machine: MACHINES.get(machine) ?? `machine ${machine}`, sizeBytes };
}

function readOffset(view: DataView, at: number): number {
  const value = view.getBigUint64(at, true);
  if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw new Error("an offset is absurdly large");
  return Number(value);
}
