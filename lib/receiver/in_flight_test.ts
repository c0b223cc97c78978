import assert from "node:assert/strict";
import { type Digest, findDigest, findEpisodeId, findHostId, findStamp } from "../episode/mod.ts";
import type { ProblemName } from "../wire/mod.ts";
import { InFlight } from "./in_flight.ts";
import { Refusal } from "./refusal.ts";
import type { PartialUpload } from "./store.ts";

function must<T>(value: T | undefined): T {
  assert.ok(value !== undefined);
  return value;
}

const host = (name: string) => must(findHostId(name));
const [A, B, C] = [host("a"), host("b"), host("c")];

const LIMITS = {
  maxUploadsPerHost: 2,
  minFreeBytes: 100,
  maxPartialsPerHost: 3,
  maxPartialsBytes: 1000,
};

function setUp(freeBytes: number) {
  const state = { freeBytes, nowMs: 0 };
  const clock = { now: () => 0, monotonic: () => state.nowMs, sleep: () => Promise.resolve() };
  const space = () => ({ freeBytes: state.freeBytes, totalBytes: 1e12 });
  const inFlight = new InFlight({ clock, space }, LIMITS);
  const admit = (key: string, host: typeof A, leftBytes: number) =>
    inFlight.admit({ key, host, leftBytes });
  return { state, inFlight, admit };
}

const refuses = (problem: ProblemName) => (error: unknown) =>
  error instanceof Refusal && error.problem === problem;
const isFull = refuses("disk-reserve");

Deno.test("what other uploads have still to send counts against the reserve", () => {
  const { state, inFlight, admit } = setUp(1000);
  admit("a", A, 400);
  assert.throws(() => admit("b", B, 501), isFull);
  admit("b", B, 500);
  state.freeBytes -= 300;
  inFlight.moved({ key: "a", host: A, leftBytes: 100 });
  assert.throws(() => inFlight.checkReserve(B, 1), isFull, "nothing became free");
  inFlight.end("a");
  inFlight.checkReserve(B, 100);
  assert.throws(() => inFlight.checkReserve(B, 101), isFull);
});

Deno.test("a host has so many places, another host its own, and an upload keeps its place", () => {
  const { inFlight, admit } = setUp(1e9);
  admit("a1", A, 1);
  admit("a2", A, 1);
  admit("a2", A, 1);
  assert.throws(() => admit("a3", A, 1), refuses("too-many-uploads"));
  admit("b1", B, 1);
  inFlight.end("a1");
  admit("a3", A, 1);
  assert.equal(inFlight.count, 3);
});

Deno.test("an upload that has not moved for a quarter of an hour keeps nobody out", () => {
  const { state, admit } = setUp(1000);
  admit("a1", A, 900);
  state.nowMs = 15 * 60_000 + 1;
  admit("b1", B, 900);
});

Deno.test("a host that announced the whole disk keeps nobody out of a fair share of it", () => {
  const { inFlight, admit } = setUp(1000);
  admit("a", A, 900);
  inFlight.checkReserve(undefined, 0);
  assert.throws(() => admit("b", B, 451), isFull);
  admit("b", B, 450);
  assert.throws(
    () => inFlight.checkReserve(A, 0),
    isFull,
    "its ping says what its announcement gets",
  );
  admit("c", C, 300);
});

Deno.test("what was promised within a share is kept for it, whoever sends first", () => {
  const { state, inFlight, admit } = setUp(1000);
  admit("a", A, 900);
  admit("b", B, 400);
  let leftBytes = 900;
  const send = (bytes: number) => {
    inFlight.checkRoom(A, bytes);
    state.freeBytes -= bytes;
    inFlight.moved({ key: "a", host: A, leftBytes: leftBytes -= bytes });
  };
  for (let at = 0; at < 5; at++) send(100);
  assert.throws(() => send(100), isFull, "the other 400 are b's");
  inFlight.checkRoom(B, 400);
  inFlight.end("b");
  send(100);
});

Deno.test("the disk may fill by other hands: a piece that would eat the reserve is refused", () => {
  const { state, inFlight, admit } = setUp(1000);
  admit("a", A, 500);
  state.freeBytes = 200;
  inFlight.checkRoom(A, 100);
  assert.throws(() => inFlight.checkRoom(A, 101), isFull);
  state.freeBytes = 50;
  assert.throws(() => inFlight.checkReserve(undefined, 0), isFull);
});

function partialsOf(host: typeof A, sizes: readonly number[]): PartialUpload[] {
  return sizes.map((archiveBytes, at) => {
    const archiveDigest: Digest = must(findDigest(`${at}`.padStart(64, "0")));
    return {
      host,
      id: must(findEpisodeId(`run-${at}`)),
      archiveDigest,
      episodeDigest: archiveDigest,
      archiveBytes,
      stamp: must(findStamp("a".repeat(40))),
      offsetBytes: 0,
      touchedMs: 0,
    };
  });
}

Deno.test("unfinished uploads have their limits: in number, in bytes, and in a share of them", () => {
  const { inFlight } = setUp(1e9);
  const check = (host: typeof A, archiveBytes: number, partials: PartialUpload[]) => () =>
    inFlight.checkPartials({ host, archiveBytes }, partials);
  const isTooMany = refuses("too-many-uploads");
  assert.throws(check(A, 1, partialsOf(A, [1, 1, 1])), isTooMany);
  assert.doesNotThrow(check(B, 1, partialsOf(A, [1, 1, 1])));
  assert.doesNotThrow(check(A, 400, partialsOf(A, [600])));
  assert.throws(check(A, 401, partialsOf(A, [600])), isTooMany);
  assert.doesNotThrow(check(B, 500, partialsOf(A, [600, 400])), "half of it is b's");
  assert.throws(check(B, 501, partialsOf(A, [600, 400])), isTooMany);
});
