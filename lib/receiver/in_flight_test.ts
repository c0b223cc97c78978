import assert from "node:assert/strict";
import { findHostId, type HostId } from "../episode/mod.ts";
import { InFlight } from "./in_flight.ts";
import { Refusal } from "./refusal.ts";
import type { ProblemName } from "../wire/mod.ts";

function host(name: string): HostId {
  const found = findHostId(name);
  assert.ok(found);
  return found;
}

function setUp(freeBytes: number) {
  const state = { freeBytes, nowMs: 0 };
  const clock = { now: () => 0, monotonic: () => state.nowMs, sleep: () => Promise.resolve() };
  const space = () => ({ freeBytes: state.freeBytes, totalBytes: 1e12 });
  const inFlight = new InFlight({ clock, space }, { maxUploadsPerHost: 2, minFreeBytes: 100 });
  return { state, inFlight };
}

const refuses = (problem: ProblemName) => (error: unknown) =>
  error instanceof Refusal && error.problem === problem;

Deno.test("what other uploads have still to send counts against the reserve", () => {
  const { state, inFlight } = setUp(1000);
  inFlight.admit("a", host("a"), 500);
  assert.throws(() => inFlight.admit("b", host("b"), 401), refuses("disk-reserve"));
  inFlight.admit("b", host("b"), 400);
  state.freeBytes -= 300;
  inFlight.moved("a", host("a"), 200);
  assert.throws(() => inFlight.checkReserve(1), refuses("disk-reserve"), "nothing became free");
  inFlight.end("b");
  inFlight.checkReserve(400);
});

Deno.test("a host has so many places, another host its own, and an upload keeps its place", () => {
  const { inFlight } = setUp(1e9);
  inFlight.admit("a1", host("a"), 1);
  inFlight.admit("a2", host("a"), 1);
  inFlight.admit("a2", host("a"), 1);
  assert.throws(() => inFlight.admit("a3", host("a"), 1), refuses("too-many-uploads"));
  inFlight.admit("b1", host("b"), 1);
  inFlight.end("a1");
  inFlight.admit("a3", host("a"), 1);
});

Deno.test("an upload that has not moved for a quarter of an hour keeps nobody out", () => {
  const { state, inFlight } = setUp(1000);
  inFlight.admit("a1", host("a"), 900);
  state.nowMs = 15 * 60_000 + 1;
  inFlight.admit("b1", host("b"), 900);
});
