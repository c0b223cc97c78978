import assert from "node:assert/strict";
import { closest } from "./closest.ts";

Deno.test("a slip of the hand is recognised: a swap, a letter too many, too few, or another", () => {
  const known = ["ship", "ping", "settle_s", "--once"];
  for (
    const [slip, meant] of [
      ["shpi", "ship"],
      ["shiip", "ship"],
      ["pin", "ping"],
      ["pong", "ping"],
      ["setle_s", "settle_s"],
      ["--onec", "--once"],
    ] as const
  ) assert.equal(closest(slip, known), meant, slip);
});

Deno.test("another word is no slip", () => {
  for (const other of ["receive", "xyz", "", "s"]) {
    assert.equal(closest(other, ["ship", "ping"]), undefined, other);
  }
  assert.equal(closest("a", []), undefined);
});
