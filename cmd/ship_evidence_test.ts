import assert from "node:assert/strict";
import type { EpisodeId } from "../lib/episode/mod.ts";
import { createEvidence } from "../lib/sys/mod.ts";
import { createShipEvidence } from "./ship_evidence.ts";

const [a, b] = ["a", "b"] as EpisodeId[] as [EpisodeId, EpisodeId];

function setUp() {
  const clock = { at: 0, monotonic: () => clock.at };
  let fed = 0;
  const evidence = createEvidence(clock, { watchdogMs: 180_000, feed: () => fed++ });
  const ship = createShipEvidence(evidence);
  /** Whether the watchdog was fed since the last question. */
  const wasFed = () => {
    const was = fed > 0;
    fed = 0;
    return was;
  };
  return { clock, evidence, ship, wasFed };
}

Deno.test("a hung upload stops the feed, however busily another episode is packed", () => {
  const { clock, evidence, ship: { observer }, wasFed } = setUp();
  observer.working?.(a);
  observer.working?.(b);
  observer.sending?.(a, 0, 10);
  for (clock.at = 1000; clock.at <= 120_000; clock.at += 1000) observer.packing?.(b, 1, 2);
  assert.ok(wasFed());
  for (; clock.at <= 200_000; clock.at += 1000) observer.packing?.(b, 1, 2);
  assert.ok(!wasFed());
  assert.deepEqual(evidence.stuck(), [a]);
  observer.sending?.(a, 5, 10);
  assert.ok(wasFed());
});

Deno.test("an episode that waits for its turn is not stuck, whatever time that takes", () => {
  const { clock, evidence, ship: { observer }, wasFed } = setUp();
  observer.working?.(a);
  observer.resting?.(a);
  observer.working?.(b);
  for (; clock.at <= 3_600_000; clock.at += 10_000) observer.packing?.(b, 1, 2);
  assert.deepEqual(evidence.stuck(), []);
  assert.ok(wasFed());
});

Deno.test("a sweep that hangs, and a wait for the next pass that never ends, are stalls", () => {
  for (const hang of ["passing", "passed"] as const) {
    const { clock, evidence, ship, wasFed } = setUp();
    ship[hang]();
    wasFed();
    // The large lane outlives the pass.
    for (; clock.at <= 120_000; clock.at += 1000) ship.observer.packing?.(b, 1, 2);
    wasFed();
    for (; clock.at <= 300_000; clock.at += 1000) ship.observer.packing?.(b, 1, 2);
    assert.ok(!wasFed());
    assert.equal(evidence.stuck().length, 1);
    ship.end();
    assert.deepEqual(evidence.stuck(), []);
  }
});

Deno.test("removing thousands of old episodes is not stuck, one that hangs is, whatever is done to its namesake", () => {
  const { clock, evidence, ship } = setUp();
  ship.passing();
  ship.observer.listed?.(0);
  for (; clock.at <= 600_000; clock.at += 1000) {
    ship.observer.pruning?.(`shipped/${clock.at}`);
    ship.observer.pruned?.(`shipped/${clock.at}`);
  }
  assert.deepEqual(evidence.stuck(), []);
  ship.observer.pruning?.(`shipped/${a}`);
  clock.at += 200_000;
  ship.observer.working?.(a);
  ship.observer.resting?.(a);
  assert.deepEqual(evidence.stuck(), [`shipped/${a}`]);
});

Deno.test("pass after pass over an empty queue is evidence enough", () => {
  const { clock, ship, wasFed } = setUp();
  for (; clock.at <= 1_000_000; clock.at += 5000) {
    ship.passing();
    ship.observer.listed?.(0);
    ship.passed();
    clock.at += 1000;
    assert.ok(wasFed());
  }
});
