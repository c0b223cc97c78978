import assert from "node:assert/strict";
import { readElfExtent } from "./elf_extent.ts";

interface Shape {
  readonly machine?: number;
  readonly segments: readonly { readonly offset: number; readonly size: number }[];
  readonly sections: { readonly offset: number; readonly count: number };
  readonly total: number;
}

/** A file with nothing but the header fields that an extent is made of. */
function elf(shape: Shape): Uint8Array {
  const file = new Uint8Array(shape.total);
  const view = new DataView(file.buffer);
  file.set([0x7f, 0x45, 0x4c, 0x46, 2, 1]);
  view.setUint16(18, shape.machine ?? 62, true);
  view.setBigUint64(32, 64n, true);
  view.setBigUint64(40, BigInt(shape.sections.offset), true);
  view.setUint16(54, 56, true);
  view.setUint16(56, shape.segments.length, true);
  view.setUint16(58, 64, true);
  view.setUint16(60, shape.sections.count, true);
  shape.segments.forEach(({ offset, size }, index) => {
    view.setBigUint64(64 + index * 56 + 8, BigInt(offset), true);
    view.setBigUint64(64 + index * 56 + 32, BigInt(size), true);
  });
  return file;
}

Deno.test("what was appended behind the section headers is not part of the ELF file", () => {
  const file = elf({
    segments: [{ offset: 0, size: 400 }],
    sections: { offset: 500, count: 2 },
    total: 9000,
  });
  assert.deepEqual(readElfExtent(file), { machine: "x86_64", sizeBytes: 628 });
});

Deno.test("a stripped file ends with its last segment", () => {
  const segments = [{ offset: 300, size: 700 }, { offset: 0, size: 100 }];
  const file = elf({ machine: 183, segments, sections: { offset: 0, count: 0 }, total: 2000 });
  assert.deepEqual(readElfExtent(file), { machine: "aarch64", sizeBytes: 1000 });
});

Deno.test("a file that is cut off, foreign or absurd is refused in words", () => {
  const cut = elf({
    segments: [{ offset: 0, size: 900 }],
    sections: { offset: 0, count: 0 },
    total: 800,
  });
  assert.throws(() => readElfExtent(cut), /cut off: .* 900 bytes, there are 800/);
  assert.throws(() => readElfExtent(new Uint8Array(10)), /not a 64-bit little-endian ELF/);
  assert.throws(() => readElfExtent(new TextEncoder().encode("#!/bin/sh\n".repeat(10))), /not a/);
  const tooMany = elf({ segments: [], sections: { offset: 0, count: 0 }, total: 100 });
  new DataView(tooMany.buffer).setUint16(56, 9, true);
  assert.throws(() => readElfExtent(tooMany), /program header table lies beyond/);
});

Deno.test("an uncompiled program, this Deno, is its own extent", async () => {
  const file = await Deno.readFile(Deno.execPath());
  assert.equal(readElfExtent(file).sizeBytes, file.length);
  assert.equal(readElfExtent(file).machine, Deno.build.arch);
});
