import assert from "node:assert/strict";
import fc from "fast-check";
import { GAPS, type Gaps, thinLog } from "./thin.ts";

interface Line {
  readonly atMs: number;
  readonly name: string;
  readonly id: unknown;
  readonly repeated: number;
}

function setUp(gaps?: Gaps) {
  const time = { mono: 0 };
  const lines: Line[] = [];
  const thin = thinLog({ monotonic: () => time.mono }, (name, fields) => {
    const repeated = "repeated" in fields ? Number(fields.repeated) : 0;
    const id = "why" in fields ? fields.why : undefined;
    lines.push({ atMs: time.mono, name, id, repeated });
  }, gaps);
  return { time, lines, ...thin };
}

const MINUTE_MS = 60_000;
const fail = (why: string) => ({ why, stack: undefined });

/** One failed pass every 5 s for a day: the lines. */
function dayOfFailures(gaps?: Gaps): readonly Line[] {
  const { time, lines, log } = setUp(gaps);
  for (time.mono = 0; time.mono < 24 * 60 * MINUTE_MS; time.mono += 5000) {
    log("pass-failed", fail("EACCES"));
  }
  return lines;
}

function isSeenInAnyTenMinutes(lines: readonly Line[]): boolean {
  return lines.every(({ atMs }, at) =>
    at === 0 || atMs - (lines[at - 1]?.atMs ?? 0) < 10 * MINUTE_MS
  );
}

Deno.test("what goes on is said at a falling rate, with the number of what was left out", () => {
  const lines = dayOfFailures();
  const minutes = lines.slice(0, 8).map(({ atMs }) => atMs / MINUTE_MS);
  assert.deepEqual(minutes, [0, 1, 3, 7, 15, 23, 31, 39]);
  assert.deepEqual(lines.slice(0, 4).map(({ repeated }) => repeated), [0, 11, 23, 47]);
  assert.ok(lines.length < 200, `${lines.length} lines a day`);
});

Deno.test("the last ten minutes show all that goes on; with longer gaps they would not", () => {
  assert.ok(isSeenInAnyTenMinutes(dayOfFailures()));
  assert.ok(!isSeenInAnyTenMinutes(dayOfFailures({ ...GAPS, longestMs: 60 * MINUTE_MS })));
});

Deno.test("after silence it is news again", () => {
  const { time, lines, log } = setUp();
  for (const minute of [0, 0.5, 20, 20.5, 21]) {
    time.mono = minute * MINUTE_MS;
    log("pass-failed", fail("EACCES"));
  }
  assert.deepEqual(lines.map(({ atMs }) => atMs / MINUTE_MS), [0, 20, 21]);
  assert.deepEqual(lines.map(({ repeated }) => repeated), [0, 1, 1]);
});

Deno.test("what is over is said to the end, and is news when it begins anew", () => {
  const { lines, log } = setUp();
  const away = {
    code: "unreachable",
    status: undefined,
    detail: "refused",
    remediation: undefined,
  };
  for (let at = 0; at < 4; at++) log("receiver-away", away);
  log("receiver-back", { after: "unreachable" });
  log("receiver-away", away);
  assert.deepEqual(lines.map(({ name, repeated }) => [name, repeated]), [
    ["receiver-away", 0],
    ["receiver-away", 2],
    ["receiver-back", 0],
    ["receiver-away", 0],
  ]);
});

Deno.test("each outcome of an episode is said, however alike", () => {
  const { lines, log } = setUp();
  const held = { id: "a", code: "out-of-window", status: 412, detail: "too old" };
  for (let at = 0; at < 10; at++) log("episode-held", held);
  assert.equal(lines.length, 10);
});

Deno.test("whatever comes when, every one is counted", () => {
  const step = fc.record({
    waitMs: fc.integer({ min: 0, max: 20 * MINUTE_MS }),
    // More than are remembered.
    why: fc.integer({ min: 0, max: 400 }),
    name: fc.constantFrom("pass-failed", "clock-unchecked", "episode", "receiver-back"),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 2000, size: "max" }), (steps) => {
      const { time, lines, log, flush } = setUp();
      const logged = new Map<string, number>();
      for (const { waitMs, why, name } of steps) {
        time.mono += waitMs;
        const key = name.startsWith("rec") || name === "episode" ? name : `${name} ${why}`;
        logged.set(key, (logged.get(key) ?? 0) + 1);
        if (name === "pass-failed") log("pass-failed", fail(`${why}`));
        else if (name === "clock-unchecked") log("clock-unchecked", { why: `${why}` });
        else if (name === "receiver-back") log("receiver-back", { after: "x" });
        else log("episode-changed", { id: "a", detail: "x" });
      }
      flush();
      const counted = new Map<string, number>();
      for (const { name, id, repeated } of lines) {
        const key = name === "episode-changed"
          ? "episode"
          : id === undefined
          ? name
          : `${name} ${id}`;
        counted.set(key, (counted.get(key) ?? 0) + 1 + repeated);
      }
      assert.deepEqual(new Map([...counted].sort()), new Map([...logged].sort()));
    }),
    { numRuns: 50 },
  );
});
