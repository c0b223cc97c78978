import assert from "node:assert/strict";
import { createEvidence } from "./evidence.ts";

function setUp(watchdogMs: number | undefined) {
  const clock = { at: 0, monotonic: () => clock.at };
  const fed: number[] = [];
  const evidence = createEvidence(clock, { watchdogMs, feed: () => fed.push(clock.at) });
  return { clock, fed, evidence };
}

Deno.test("progress feeds the watchdog, silence does not", () => {
  const { clock, fed, evidence } = setUp(9000);
  const task = evidence.begin("pack a");
  for (clock.at = 1000; clock.at <= 5000; clock.at += 1000) task.progress();
  assert.equal(fed.length, 5);
  clock.at = 60_000;
  assert.equal(fed.length, 5);
});

Deno.test("a stuck task withholds the feed, however busy another is, until it moves or ends", () => {
  const { clock, fed, evidence } = setUp(9000);
  const stuck = evidence.begin("upload b");
  const busy = evidence.begin("pack a");
  for (clock.at = 1000; clock.at <= 20_000; clock.at += 1000) busy.progress();
  assert.equal(Math.max(...fed), 6000);
  assert.deepEqual(evidence.stuck(), ["upload b"]);
  stuck.end();
  assert.deepEqual(evidence.stuck(), []);
  assert.equal(Math.max(...fed), clock.at);
});

Deno.test("blocks that come thick and fast are not each told to systemd", () => {
  const { clock, fed, evidence } = setUp(180_000);
  const task = evidence.begin("pack a");
  for (clock.at = 0; clock.at < 10_000; clock.at++) task.progress();
  assert.equal(fed.length, 10);
});

Deno.test("a task's own deadline is never longer than two thirds of the watchdog's", () => {
  const { clock, evidence } = setUp(9000);
  evidence.begin("patient", 1_000_000);
  clock.at = 6001;
  assert.deepEqual(evidence.stuck(), ["patient"]);
});
