import assert from "node:assert/strict";
import type { PassSummary } from "../lib/shipper/mod.ts";
import { plainFs } from "../lib/sys/mod.ts";
import { statusJson, statusWords, statusWriter } from "./ship_status.ts";

const NOTHING: PassSummary = {
  counts: {
    "shipped": 0,
    "already-stored": 0,
    "held": 0,
    "quarantined": 0,
    "waiting": 0,
    "not-ready": 0,
    "stuck": 0,
    "gone": 0,
  },
  codes: {},
  bytes: 0,
  strangers: { count: 0, paths: [] },
  swept: 0,
  stopped: undefined,
  ms: 1,
};
const MINUTE = 60_000;
const AWAY = {
  outcome: "transient",
  code: "unreachable",
  detail: "connection refused",
  scope: "receiver",
  remediation: "cis490 ping",
} as const;

Deno.test("the status is a sentence", () => {
  const waiting = { ...NOTHING.counts, waiting: 3, held: 1 };
  const three = { ...NOTHING, counts: { ...waiting, held: 0 }, oldestMs: 0 };
  assert.equal(statusWords(NOTHING, false, 0), "nothing waits");
  assert.equal(statusWords(NOTHING, true, 0), "nothing waits; receiver reachable");
  assert.equal(
    statusWords(three, true, 4 * MINUTE),
    "3 episodes waiting, oldest 4 min; receiver reachable",
  );
  assert.equal(
    statusWords({ ...NOTHING, counts: waiting, oldestMs: 0, stopped: AWAY }, true, 90_000),
    "3 episodes waiting, 1 held, oldest 1 min 30 s; nothing is sent: connection refused",
  );
  // A clock that was set back.
  assert.equal(statusWords(three, false, -MINUTE), "3 episodes waiting, oldest 0.0 ms");
});

Deno.test("status.json says why nothing is sent, and what stands still", () => {
  const me = { version: "1.0.0", commit: "abc", pid: 7, startedMs: 0 };
  const facts = { words: "w", nowMs: MINUTE, stuck: ["a"] };
  const status = JSON.parse(statusJson(me, { ...NOTHING, oldestMs: 0, stopped: AWAY }, facts));
  assert.equal(status.pid, 7);
  assert.equal(status.time, "1970-01-01T00:01:00.000Z");
  assert.equal(status.oldest, "1970-01-01T00:00:00.000Z");
  assert.deepEqual(status.nothing_sent, {
    code: "unreachable",
    detail: "connection refused",
    remediation: "cis490 ping",
  });
  assert.deepEqual(status.stuck, ["a"]);
  assert.equal(JSON.parse(statusJson(me, undefined, facts)).episodes, null);
});

Deno.test("a status that can't be written harms nothing", async () => {
  const directory = await Deno.makeTempDir();
  await statusWriter(plainFs(), undefined)("a");
  await statusWriter(plainFs(), `${directory}/gone`)("a");
  const write = statusWriter(plainFs(), directory);
  await Promise.all([write("a"), write("b")]);
  assert.equal(await Deno.readTextFile(`${directory}/status.json`), "a");
  await Deno.remove(directory, { recursive: true });
});
