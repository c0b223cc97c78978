import assert from "node:assert/strict";
import { Strangers } from "./strangers.ts";

function setUp() {
  const state = { nowMs: 0, slept: [] as number[], told: [] as (readonly [string, number])[] };
  const clock = {
    now: () => 0,
    monotonic: () => state.nowMs,
    sleep: (ms: number) => {
      state.slept.push(ms);
      return Promise.resolve();
    },
  };
  const log = (_name: string, fields: object) => {
    if ("from" in fields && "requests" in fields) {
      state.told.push([String(fields.from), Number(fields.requests)]);
    }
  };
  return { state, strangers: new Strangers(clock, log) };
}

Deno.test("the first is answered at once, each further one later, up to a second", async () => {
  const { state, strangers } = setUp();
  for (let at = 0; at < 8; at++) await strangers.meet("lab-1", "");
  assert.deepEqual(state.slept, [100, 200, 400, 800, 1000, 1000, 1000]);
  await strangers.meet("lab-2", "");
  assert.equal(state.slept.length, 7, "another one is not held back for it");
  state.nowMs = 60_000;
  await strangers.meet("lab-1", "");
  assert.equal(state.slept.length, 7, "a quiet minute is forgiven");
});

Deno.test("they are told of at once, then once a minute with their number", async () => {
  const { state, strangers } = setUp();
  for (let second = 0; second <= 120; second++) {
    state.nowMs = second * 1000;
    await strangers.meet("lab-1", "");
  }
  assert.deepEqual(state.told, [["lab-1", 1], ["lab-1", 60], ["lab-1", 60]]);
});

Deno.test("no more than 64 wait: those above are answered at once", async () => {
  const { state } = setUp();
  const { promise: end, resolve } = Promise.withResolvers<void>();
  const clock = { now: () => 0, monotonic: () => 0, sleep: () => (state.slept.push(1), end) };
  const strangers = new Strangers(clock, () => {});
  const meetings = Array.from({ length: 200 }, () => strangers.meet("lab-1", ""));
  await Promise.all(meetings.slice(65));
  assert.equal(state.slept.length, 64);
  resolve();
  await Promise.all(meetings);
});
