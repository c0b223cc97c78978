import assert from "node:assert/strict";
import type { EpisodeId, Signature } from "../episode/mod.ts";
import { Settling } from "./ready.ts";

const ID = "a" as EpisodeId;

function setUp(settleMs = 10_000) {
  const time = { wall: 1_000_000_000, mono: 0 };
  const settling = new Settling({ now: () => time.wall, monotonic: () => time.mono }, settleMs);
  const look = (signature: string, ctimeMs: number) =>
    settling.isReady(ID, {
      signature: signature as Signature,
      newestCtimeNs: BigInt(ctimeMs) * 1_000_000n,
    });
  const pass = (ms: number) => {
    time.wall += ms;
    time.mono += ms;
  };
  return { time, settling, look, pass };
}

Deno.test("an old episode is ready at the first look", () => {
  const { look, time } = setUp();
  assert.equal(look("s", time.wall - 10_000), true);
});

Deno.test("a new one is ready when it was the same for settle_s, not before", () => {
  const { look, time, pass } = setUp();
  const ctime = time.wall;
  assert.equal(look("s", ctime), false);
  pass(9_999);
  assert.equal(look("s", ctime), false);
  pass(1);
  assert.equal(look("s", ctime), true);
});

Deno.test("a change begins the wait anew", () => {
  const { look, time, pass } = setUp();
  look("s", time.wall);
  pass(9_000);
  assert.equal(look("t", time.wall), false);
  pass(9_000);
  assert.equal(look("t", time.wall - 9_000), false);
});

Deno.test("files from the future are ready by two looks on the monotonic clock", () => {
  const { look, time, pass } = setUp();
  const future = time.wall + 1e9;
  assert.equal(look("s", future), false);
  pass(10_000);
  assert.equal(look("s", future), true);
});

Deno.test("a wall clock that goes back makes nothing ready early, nor keeps it for ever", () => {
  const { look, time, pass } = setUp();
  const ctime = time.wall;
  look("s", ctime);
  time.wall -= 3_600_000;
  pass(5_000);
  assert.equal(look("s", ctime), false);
  pass(5_000);
  assert.equal(look("s", ctime), true);
});

Deno.test("settle_s = 0 waits for nothing", () => {
  const { look, time } = setUp(0);
  assert.equal(look("s", time.wall + 1e9), true);
});

Deno.test("it tells when to look again, and forgets what has left", () => {
  const { look, time, pass, settling } = setUp();
  assert.equal(settling.firstReadyInMs(), undefined);
  look("s", time.wall - 4_000);
  assert.equal(settling.firstReadyInMs(), 6_000);
  pass(6_000);
  assert.equal(settling.firstReadyInMs(), 0);
  settling.keepOnly(() => false);
  assert.equal(settling.firstReadyInMs(), undefined);
});
