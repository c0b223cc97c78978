import assert from "node:assert/strict";
import { findDuration, formatBytes, formatCount, formatDuration } from "./format.ts";

Deno.test("sizes have three digits at most", () => {
  const sizes = [0, 999, 1000, 1023, 1536, 10_000, 1023 * 1024, 2 ** 20, 20 * 2 ** 30, 2 ** 60];
  assert.deepEqual(sizes.map(formatBytes), [
    "0 B",
    "999 B",
    "1.0 KiB",
    "1.0 KiB",
    "1.5 KiB",
    "9.8 KiB",
    "1.0 MiB",
    "1.0 MiB",
    "20 GiB",
    "1048576 TiB",
  ]);
});

Deno.test("times have two units at most, and never sixty of the smaller one", () => {
  const times = [0.31, 12.4, 999.4, 999.6, 4230, 9950, 59_940, 59_990, 192_000, 3_599_600];
  assert.deepEqual(times.map(formatDuration), [
    "0.3 ms",
    "12 ms",
    "999 ms",
    "1.0 s",
    "4.2 s",
    "10 s",
    "60 s",
    "1 min",
    "3 min 12 s",
    "1 h",
  ]);
  assert.equal(formatDuration(7_500_000), "2 h 5 min");
  assert.equal(formatDuration(86_400_000), "1 day");
  assert.equal(formatDuration(220 * 3_600_000), "9 days 4 h");
});

Deno.test("durations are read by their unit, and only whole words", () => {
  assert.equal(findDuration("90s"), 90_000);
  assert.equal(findDuration("1.5h"), 5_400_000);
  assert.equal(findDuration("14d"), 14 * 86_400_000);
  for (const text of ["", "24", "h", "-1h", "1 h", "1hh", "1h30min", "1e3s"]) {
    assert.equal(findDuration(text), undefined, text);
  }
});

Deno.test("one is singular", () => {
  assert.equal(formatCount(1, "episode"), "1 episode");
  assert.equal(formatCount(0, "episode"), "0 episodes");
  assert.equal(formatCount(2, "entry", "entries"), "2 entries");
});
