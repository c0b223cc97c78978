import assert from "node:assert/strict";
import { findHostId } from "../episode/mod.ts";
import { Followers, type Following } from "./followers.ts";

function host(name: string) {
  const found = findHostId(name);
  assert.ok(found);
  return found;
}

const [A, B, C] = [host("a"), host("b"), host("c")];

/** Notes how far it was sent. */
class FakeVerification implements Following {
  isOver = false;
  readonly ends: number[] = [];
  failure: Error | undefined;

  advance(endBytes: number): Promise<void> {
    this.ends.push(endBytes);
    return this.failure === undefined ? Promise.resolve() : Promise.reject(this.failure);
  }
  abort(): void {
    this.isOver = true;
  }
}

function setUp() {
  const state = { nowMs: 0 };
  const followers = new Followers<FakeVerification>({ monotonic: () => state.nowMs });
  const begun: FakeVerification[] = [];
  /** A piece of `host/key`; what followed it from now on, if anything began. */
  const grew = (of: typeof A, key: string, fromBytes: number, toBytes: number, isLast = false) => {
    const before = begun.length;
    followers.grew({ key: `${of}/${key}`, host: of, fromBytes, toBytes, isLast }, () => {
      const verification = new FakeVerification();
      begun.push(verification);
      return verification;
    });
    return begun[before];
  };
  return { state, followers, grew };
}

Deno.test("an upload is followed from its first piece to its end, and handed over once", () => {
  const { followers, grew } = setUp();
  const verification = grew(A, "x", 0, 10);
  assert.ok(verification);
  assert.equal(grew(A, "x", 10, 30), undefined, "the same goes on");
  grew(A, "x", 30, 35, true);
  assert.deepEqual(verification.ends, [10, 30, 35]);
  assert.equal(followers.take("a/x", 35), verification);
  assert.equal(followers.take("a/x", 35), undefined);
  assert.equal(verification.isOver, false, "its new owner ends it");
});

Deno.test("an upload in one piece is not followed", () => {
  const { followers, grew } = setUp();
  assert.equal(grew(A, "x", 0, 10, true), undefined);
  assert.equal(followers.take("a/x", 10), undefined);
});

Deno.test("a follower ends where a piece does not begin at its end", () => {
  for (const [fromBytes, toBytes] of [[9, 20], [11, 20], [20, 30]] as const) {
    const { followers, grew } = setUp();
    const verification = grew(A, "x", 0, 10);
    assert.equal(grew(A, "x", fromBytes, toBytes), undefined, "and none begins in the middle");
    assert.equal(verification?.isOver, true);
    assert.equal(followers.take("a/x", toBytes), undefined);
  }
});

Deno.test("an upload that begins anew gets a new follower, though nobody said that the old one is gone", () => {
  const { followers, grew } = setUp();
  const old = grew(A, "x", 0, 10);
  const fresh = grew(A, "x", 0, 10);
  assert.ok(fresh);
  assert.deepEqual([old?.isOver, fresh.isOver], [true, false]);
  // Also where nothing was in the first piece.
  const empty = grew(A, "x", 0, 0);
  assert.notEqual(grew(A, "x", 0, 10), undefined);
  assert.equal(empty?.isOver, true);
  assert.equal(followers.count, 1);
});

Deno.test("one that missed the last piece is not handed over", () => {
  const { followers, grew } = setUp();
  const verification = grew(A, "x", 0, 10);
  assert.equal(followers.take("a/x", 20), undefined);
  assert.equal(verification?.isOver, true);
});

Deno.test("two have places, of two hosts, and the oldest keep theirs", () => {
  const { followers, grew } = setUp();
  const [first, second] = [grew(A, "x", 0, 10), grew(B, "x", 0, 10)];
  assert.ok(first && second);
  assert.equal(grew(C, "x", 0, 10), undefined);
  assert.deepEqual([first.isOver, second.isOver], [false, false]);
  second.abort();
  assert.equal(grew(A, "y", 0, 10), undefined, "a host has one");
  assert.ok(grew(C, "y", 0, 10));
  assert.equal(followers.count, 2);
});

Deno.test("one that is handed over keeps its place until it is over, and whatever becomes of the upload", () => {
  const { state, followers, grew } = setUp();
  grew(A, "x", 0, 10);
  grew(A, "x", 10, 20, true);
  const taken = followers.take("a/x", 20);
  state.nowMs = 3_600_000;
  followers.drop("a/x");
  followers.dropAll();
  assert.equal(grew(A, "y", 0, 10), undefined);
  assert.equal(taken?.isOver, false);
  taken?.abort();
  assert.ok(grew(A, "y", 0, 10));
});

Deno.test("an upload that does not move for a minute gives its place up to another", () => {
  const { state, followers, grew } = setUp();
  const [slow, steady] = [grew(A, "x", 0, 10), grew(B, "x", 0, 10)];
  state.nowMs = 60_000;
  grew(B, "x", 10, 20);
  assert.equal(grew(C, "x", 0, 10), undefined, "not before");
  state.nowMs = 60_001;
  assert.ok(grew(C, "x", 0, 10));
  assert.deepEqual([slow?.isOver, steady?.isOver], [true, false]);
  state.nowMs = 600_000;
  followers.dropIdle();
  assert.equal(followers.count, 0);
});

Deno.test("a dropped upload's follower, and all of them, are aborted", () => {
  const { followers, grew } = setUp();
  const [first, second] = [grew(A, "x", 0, 10), grew(B, "x", 0, 10)];
  followers.drop("a/x");
  assert.deepEqual([first?.isOver, second?.isOver], [true, false]);
  followers.dropAll();
  assert.equal(second?.isOver, true);
});

Deno.test("one that fails gives its place back, and is not handed over", async () => {
  const { followers, grew } = setUp();
  const verification = grew(A, "x", 0, 10);
  assert.ok(verification);
  verification.failure = new Error("the disk");
  grew(A, "x", 10, 20, true);
  await Promise.resolve();
  assert.equal(verification.isOver, true);
  assert.equal(followers.count, 0);
  assert.equal(followers.take("a/x", 20), undefined);
});
