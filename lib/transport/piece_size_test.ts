import assert from "node:assert/strict";
import fc from "fast-check";
import {
  clampPieceBytes,
  FIRST_PIECE_BYTES,
  halvedPieceBytes,
  MAX_ONE_SHOT_BYTES,
  MAX_PIECE_BYTES,
  MIN_PIECE_BYTES,
  nextPieceBytes,
  PieceSize,
  pieceTimeoutMs,
} from "./piece_size.ts";

const KIB = 1024;
const MIB = 1024 * KIB;

/** The sizes that pieces settle at on a link of so many bytes a second. */
function settle(bytesPerSecond: number): number {
  let size = FIRST_PIECE_BYTES;
  for (let i = 0; i < 10; i++) size = nextPieceBytes(size, size, size / bytesPerSecond * 1000);
  return size;
}

Deno.test("a piece settles at what the link moves in five seconds", () => {
  const mbit = 1_000_000 / 8;
  const cases: [number, number][] = [
    [0.128 * mbit, 64 * KIB],
    [1 * mbit, 576 * KIB],
    [6 * mbit, 57 * 64 * KIB],
    [1000 * mbit, 4 * MIB],
  ];
  for (const [rate, expected] of cases) assert.equal(settle(rate), expected, `${rate} B/s`);
});

Deno.test("one fast piece is believed only in part, a slow one at once", () => {
  assert.equal(nextPieceBytes(MIB, MIB, 1), 4 * MIB);
  assert.equal(nextPieceBytes(4 * MIB, 4 * MIB, 25_000), 12 * 64 * KIB);
});

Deno.test("a short last piece never makes the next one smaller", () => {
  assert.equal(nextPieceBytes(4 * MIB, 10, 500), 4 * MIB);
});

Deno.test("whatever is measured, a piece stays within its limits and is a multiple of 64 KiB", () => {
  const bytes = fc.integer({ min: 0, max: MAX_PIECE_BYTES });
  const size = bytes.map(clampPieceBytes);
  fc.assert(fc.property(size, bytes, fc.double({ min: 0, noNaN: true }), (current, sent, ms) => {
    for (const next of [nextPieceBytes(current, sent, ms), halvedPieceBytes(current)]) {
      assert.ok(next >= MIN_PIECE_BYTES && next <= MAX_PIECE_BYTES, `${next}`);
      assert.equal(next % MIN_PIECE_BYTES, 0);
    }
    assert.ok(halvedPieceBytes(current) < current || current === MIN_PIECE_BYTES);
  }));
});

Deno.test("a link of 128 kbit/s moves any archive in time, at most after a few halvings", () => {
  const bytesPerMs = 16;
  const size = new PieceSize();
  for (let tries = 0; size.oneShotBytes / bytesPerMs > pieceTimeoutMs(size.oneShotBytes); tries++) {
    assert.ok(tries < 5);
    size.failed();
  }
  assert.equal(pieceTimeoutMs(0), 60_000);
  assert.equal(pieceTimeoutMs(16 * MIB), 100_000);
});

Deno.test("an archive goes in one request only when it is no larger than a piece", () => {
  const size = new PieceSize();
  assert.equal(size.oneShotBytes, MIB);
  size.acknowledged(MIB, 10);
  size.acknowledged(4 * MIB, 10);
  assert.equal(size.bytes, MAX_PIECE_BYTES);
  assert.equal(size.oneShotBytes, MAX_ONE_SHOT_BYTES);
});
