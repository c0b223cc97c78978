import assert from "node:assert/strict";
import type { EpisodeId } from "../episode/mod.ts";
import { archiveBoundBytes, Room } from "./room.ts";

const id = (text: string) => text as EpisodeId;

function roomOf(freeBytes: number, places = 2): Room {
  return new Room({ space: () => ({ freeBytes, totalBytes: 1e12 }) }, {
    places,
    minFreeBytes: 100,
  });
}

Deno.test("there are so many places, and one that is left can be taken", () => {
  const room = roomOf(1e9);
  assert.ok(room.take(id("a"), 1) && room.take(id("b"), 1));
  assert.ok(!room.take(id("c"), 1));
  assert.ok(room.take(id("a"), 1), "its own place is its own");
  room.leave(id("b"));
  assert.ok(room.take(id("c"), 1));
});

Deno.test("the archive that waits longest gives up its place first, one at work never", () => {
  const room = roomOf(1e9, 3);
  for (const name of ["a", "b", "c"]) room.take(id(name), 1);
  assert.equal(room.findLeastUrgent(), undefined);
  room.rest(id("a"), 10);
  room.rest(id("b"), 20);
  assert.equal(room.findLeastUrgent(), "b");
});

Deno.test("space promised to one archive is not promised to another", () => {
  const room = roomOf(1000);
  assert.ok(room.hasSpace("/d", 900));
  assert.ok(!room.hasSpace("/d", 901));
  room.take(id("a"), 600);
  assert.ok(!room.hasSpace("/d", 400));
  assert.equal(room.promisedBytes, 600);
  room.packed(id("a"));
  assert.equal(room.promisedBytes, 0);
  assert.ok(room.hasSpace("/d", 400));
});

Deno.test("the bound is above what incompressible data can take", () => {
  // 3 bytes of block header for each 128 KiB, and two headers of 512 bytes an entry.
  const bound = archiveBoundBytes(1e9, 10);
  assert.ok(bound > 1e9 * 131_075 / 131_072 + 10 * 1024);
});
