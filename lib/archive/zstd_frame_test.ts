import assert from "node:assert/strict";
import fc from "fast-check";
import { constants, zstdCompressSync } from "node:zlib";
import { concat, zstd } from "../../tests/archive/tar.ts";
import { FrameWalker } from "./zstd_frame.ts";

const MAGIC = [0x28, 0xb5, 0x2f, 0xfd];
/** Checksum flag; a window descriptor follows. */
const CHECKSUM = 0b100;
const SINGLE_SEGMENT = 0b100000;
/** 1 MiB. */
const WINDOW = 10 << 3;
/** The last block, raw and empty, and a checksum. */
const REST = [1, 0, 0, 0, 0, 0, 0];

function walk(bytes: Uint8Array, chunkBytes = bytes.byteLength): Uint8Array[][] {
  const walker = new FrameWalker();
  const frames: Uint8Array[][] = [[]];
  for (let at = 0; at < bytes.byteLength; at += chunkBytes) {
    for (const piece of walker.pieces(bytes.subarray(at, at + chunkBytes))) {
      frames.at(-1)?.push(piece.bytes);
      if (piece.endsFrame) frames.push([]);
    }
  }
  walker.end();
  return frames.slice(0, -1);
}

Deno.test("frames are told apart wherever the chunks are cut", () => {
  fc.assert(fc.property(
    fc.array(fc.uint8Array({ maxLength: 3000 }), { minLength: 1, maxLength: 4 }),
    fc.integer({ min: 1, max: 500 }),
    (contents, chunkBytes) => {
      const frames = contents.map(zstd);
      const found = walk(concat(frames), chunkBytes).map((pieces) => concat(pieces));
      assert.deepEqual(found, frames.map((frame) => Uint8Array.from(frame)));
    },
  ));
});

Deno.test("a frame of many blocks is cut into pieces that decode to 1 MiB at most", () => {
  const [pieces = []] = walk(zstd(new Uint8Array(5 * 1024 * 1024)));
  // Forty blocks of 128 KiB, and the end of the frame.
  assert.equal(pieces.length, 6);
});

Deno.test("every form of a frame header is understood", () => {
  for (const size of [0, 1, 255, 256, 300, 65_791, 65_792, 3_000_000]) {
    const content = new Uint8Array(size).fill(7);
    for (const pledged of [true, false]) {
      const options = {
        params: { [constants.ZSTD_c_checksumFlag]: 1, [constants.ZSTD_c_windowLog]: 22 },
        ...pledged ? { pledgedSrcSize: size } : {},
      };
      assert.equal(walk(Uint8Array.from(zstdCompressSync(content, options))).length, 1);
    }
  }
});

Deno.test("what is not a plain frame of format 1 is refused", async (t) => {
  const frame = (...head: number[]) => Uint8Array.from([...MAGIC, ...head]);
  const size = (bytes: number, length: number) =>
    Array.from({ length }, (_, at) => Number((BigInt(bytes) >> BigInt(8 * at)) & 255n));
  const block = (type: number, bytes: number) => size((bytes << 3) | (type << 1) | 1, 3);
  const limit = 8 * 1024 * 1024;
  const cases: [string, Uint8Array, RegExp][] = [
    ["nothing", new Uint8Array(0), /is empty/],
    ["gzip", Uint8Array.of(0x1f, 0x8b, 8, 0), /does not begin as zstd/],
    ["a skippable frame", Uint8Array.of(0x5f, 0x2a, 0x4d, 0x18, 0, 0, 0, 0), /skippable/],
    ["a dictionary", frame(CHECKSUM | 1, WINDOW, 7, ...REST), /dictionary/],
    ["no checksum", frame(0, WINDOW, 1, 0, 0), /without a checksum/],
    ["a reserved bit", frame(CHECKSUM | 0b1000, WINDOW, ...REST), /reserved bit/],
    ["the unused bit", frame(CHECKSUM | 0b10000, WINDOW, ...REST), /reserved bit/],
    ["a window of 9 MiB", frame(CHECKSUM, (13 << 3) | 1, ...REST), /window of 9437184 bytes/],
    ["a window of 128 MiB", frame(CHECKSUM, 17 << 3, ...REST), /window of 134217728 bytes/],
    [
      "one segment of more than 8 MiB",
      frame(CHECKSUM | SINGLE_SEGMENT | 0x80, ...size(limit + 1, 4), ...REST),
      /window of 8388609 bytes/,
    ],
    [
      "one segment of 2^60 bytes",
      frame(CHECKSUM | SINGLE_SEGMENT | 0xc0, ...size(2 ** 60, 8), ...REST),
      /window of/,
    ],
    ["a reserved block type", frame(CHECKSUM, WINDOW, ...block(3, 0)), /reserved type/],
    ["a block above 128 KiB", frame(CHECKSUM, WINDOW, ...block(1, 128 * 1024 + 1)), /larger/],
    ["a block above the window", frame(CHECKSUM, 0, ...block(0, 1025)), /larger than allowed/],
    ["an end in the magic", frame().subarray(0, 3), /cut short/],
    ["an end in the header", frame(CHECKSUM), /cut short/],
    ["an end in a block header", frame(CHECKSUM, WINDOW, 1), /cut short/],
    ["an end in a block", frame(CHECKSUM, WINDOW, ...block(0, 9), 1, 2), /cut short/],
    ["an end in the checksum", frame(CHECKSUM, WINDOW, ...REST.slice(0, -1)), /cut short/],
    ["a trailing byte", frame(CHECKSUM, WINDOW, ...REST, 0), /after its end/],
    ["trailing zeros", frame(CHECKSUM, WINDOW, ...REST, 0, 0, 0, 0), /after its end/],
  ];
  for (const [name, bytes, words] of cases) {
    await t.step(name, () => {
      assert.throws(() => walk(bytes), { problem: "not-an-archive", message: words });
      assert.throws(() => walk(bytes, 1), { problem: "not-an-archive", message: words });
    });
  }
});

Deno.test("windows and blocks at their limits are taken", () => {
  const head = (...bytes: number[]) => Uint8Array.from([...MAGIC, ...bytes, ...REST]);
  walk(head(CHECKSUM, 13 << 3));
  walk(head(CHECKSUM | SINGLE_SEGMENT | 0x80, 0, 0, 0x80, 0));
});
