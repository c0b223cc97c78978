import assert from "node:assert/strict";
import fc from "fast-check";
import { findStamp, type Stamp } from "../episode/mod.ts";
import { unionOf } from "./union.ts";

function stamp(number: number): Stamp {
  const found = findStamp(number.toString(16).padStart(40, "0"));
  assert.ok(found);
  return found;
}

const numbers = (stamps: readonly Stamp[]) => stamps.map((stamp) => parseInt(stamp, 16));
const union = (trusted: number[], other: number[]) =>
  numbers(unionOf(trusted.map(stamp), other.map(stamp)));

for (
  const [name, trusted, other, expected] of [
    ["the other is behind", [5, 4, 3], [3, 2, 1], [5, 4, 3, 2, 1]],
    ["the other is ahead", [3, 2, 1], [5, 4, 3], [5, 4, 3, 2, 1]],
    ["each has what the other lacks", [9, 7, 5, 3], [8, 7, 6, 3, 1], [9, 8, 7, 5, 6, 3, 1]],
    ["nothing in common", [9, 8], [2, 1], [9, 8, 2, 1]],
    ["the other is empty", [2, 1], [], [2, 1]],
    ["nothing was known", [], [2, 1], [2, 1]],
    ["the other is in another order", [3, 2, 1], [1, 2, 3, 0], [3, 2, 1, 0]],
  ] as const
) {
  Deno.test(`union: ${name}`, () => {
    assert.deepEqual(union([...trusted], [...other]), [...expected]);
  });
}

Deno.test("two parts of one history are put together in its order, each commit once", () => {
  fc.assert(
    fc.property(fc.nat(40), fc.nat(40), fc.integer({ min: 1, max: 30 }), (from, to, size) => {
      const history = Array.from({ length: 80 }, (_, at) => 80 - at);
      const [trusted, other] = [history.slice(from, from + size), history.slice(to, to + size)];
      const result = union(trusted, other);
      assert.deepEqual(new Set(result), new Set([...trusted, ...other]));
      assert.equal(new Set(result).size, result.length);
      const overlap = Math.abs(from - to) < size;
      if (overlap) assert.deepEqual(result, result.toSorted((a, b) => b - a));
    }),
  );
});

Deno.test("the trusted list keeps its order, and no commit is lost, whatever the other is", () => {
  const list = fc.uniqueArray(fc.nat(20), { maxLength: 15 });
  fc.assert(
    fc.property(list, list, (trusted, other) => {
      const result = union(trusted, other);
      assert.deepEqual(result.filter((number) => trusted.includes(number)), trusted);
      assert.deepEqual(new Set(result), new Set([...trusted, ...other]));
    }),
  );
});
