import assert from "node:assert/strict";
import { isDue, waitMs } from "./tries.ts";

const last = () => 0.999_999;

Deno.test("waits double from 5 s and end at 5 min", () => {
  const waits = [1, 2, 3, 7, 8, 1000].map((tries) => waitMs(last, "backoff", tries));
  assert.deepEqual(waits, [5_000, 10_000, 20_000, 300_000, 300_000, 300_000]);
});

Deno.test("the jitter is full: a thousand shippers do not come back together", () => {
  assert.equal(waitMs(() => 0, "backoff", 8), 0);
  assert.equal(waitMs(() => 0.5, "backoff", 8), 150_000);
});

Deno.test("Retry-After is obeyed, up to an hour", () => {
  assert.equal(waitMs(() => 0, "backoff", 1, 90_000), 90_000);
  assert.equal(waitMs(() => 0, "backoff", 1, 86_400_000), 3_600_000);
  assert.equal(waitMs(last, "backoff", 8, 1_000), 300_000);
});

Deno.test("the slow schedule is 10 to 15 minutes", () => {
  assert.deepEqual([waitMs(() => 0, "slow", 1), waitMs(last, "slow", 9)], [600_000, 900_000]);
});

Deno.test("due: the time has come, or is too far ahead to be true", () => {
  const now = 1e12;
  assert.equal(isDue({ nextTryMs: undefined }, now), true);
  assert.equal(isDue({ nextTryMs: now }, now), true);
  assert.equal(isDue({ nextTryMs: now + 1 }, now), false);
  assert.equal(isDue({ nextTryMs: now + 3_600_000 }, now), false);
  assert.equal(isDue({ nextTryMs: now + 3_600_001 }, now), true);
});
