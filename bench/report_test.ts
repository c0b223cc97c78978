import assert from "node:assert/strict";
import { median, ratio, type Round } from "./report.ts";
import type { Figures } from "./run.ts";

function took(wallS: number): Figures {
  const sender = { cpuS: 1, peakRssBytes: 1 };
  return { wallS, sender, receiver: undefined, proxy: undefined, wireBytes: 0, requests: 0 };
}

Deno.test("a median is the middle one, or between the two in the middle", () => {
  assert.equal(median([9, 1, 2]), 2);
  assert.equal(median([4, 1, 2, 100]), 3);
  assert.throws(() => median([]), RangeError);
});

Deno.test("a ratio is of the same round, so that a slow round counts no more than another", () => {
  const rounds: Round[] = [
    { cis490: took(1), P1: took(2) },
    { cis490: took(100), P1: took(200) },
    { cis490: took(3), P1: took(2) },
  ];
  // The ratio of the medians would be 1.5.
  assert.equal(ratio(rounds, "cis490", "P1", ({ wallS }) => wallS), 0.5);
  assert.equal(ratio(rounds, "cis490", "P2", ({ wallS }) => wallS), undefined);
});
