import assert from "node:assert/strict";
import { Tally } from "./tally.ts";

Deno.test("each has so many under way, and another one its own", () => {
  const tally = new Tally(2);
  const ends = [tally.begin("a"), tally.begin("a")];
  assert.equal(tally.begin("a"), undefined);
  assert.ok(tally.begin("b"));
  ends[0]?.();
  assert.ok(tally.begin("a"));
  assert.equal(tally.begin("a"), undefined);
});
