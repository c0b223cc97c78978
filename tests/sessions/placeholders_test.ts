import assert from "node:assert/strict";
import { generalize, matchesLine, mergeOutput } from "./placeholders.ts";

const HEX = "1b136202dc147212ad0b129de0c10eb5f17060917c9754c7921cd68f764ad2e2";

Deno.test("a placeholder matches its own kind and nothing else in the line is free", () => {
  const matching: readonly [string, string][] = [
    ["at [TIME]", "at 2026-11-25T01:05:15Z"],
    ["at [TIME]", "at 2026-11-25T01:05:15.123Z"],
    ["[DIGEST]  -", `${HEX}  -`],
    ["sha-256=:[DIGEST]:", "sha-256=:GxNiAtwUchKtCxKd4MEOtfFwYJF8l1THkhzWj3ZK0uI=:"],
    ["took [MS], [SIZE]", "took 12.5 ms, 1.2 MiB"],
    ["took [MS] ms, [SIZE] bytes", "took 12 ms, 1200 bytes"],
    ["http://127.0.0.1:[PORT]/ (pid [PID])", "http://127.0.0.1:8490/ (pid 1234567)"],
    ["no (placeholder) [here]", "no (placeholder) [here]"],
  ];
  for (const [expected, actual] of matching) assert.ok(matchesLine(expected, actual), expected);
  const differing: readonly [string, string][] = [
    ["at [TIME]", "at noon"],
    ["[DIGEST]", HEX.slice(1)],
    ["[DIGEST]", `${HEX} `],
    ["pid [PID].", "pid 12x"],
    ["a.c [PID]", "abc 1"],
    ["[PORT]", "123456"],
  ];
  for (const [expected, actual] of differing) assert.ok(!matchesLine(expected, actual), expected);
});

Deno.test("rewritten output keeps the placeholders of lines that still match, in order", () => {
  const old = ["took [MS]", "sent [SIZE]", "sent [SIZE]", "done"];
  const actual = ["new line", "sent 5 MiB", "sent 6 MiB", "sent 7 MiB", "done"];
  assert.deepEqual(mergeOutput(old, actual), [
    "new line",
    "sent [SIZE]",
    "sent [SIZE]",
    "sent 7 MiB",
    "done",
  ]);
});

Deno.test("a new line gets placeholders only where a value is sure to differ the next time", () => {
  const line = `pid 12 got ${HEX} at 2026-11-25T01:05:15Z on 127.0.0.1:4711, 3 files, 5 MiB`;
  const expected = "pid [PID] got [DIGEST] at [TIME] on 127.0.0.1:[PORT], 3 files, 5 MiB";
  assert.equal(generalize(line), expected);
  assert.ok(matchesLine(expected, line));
});
