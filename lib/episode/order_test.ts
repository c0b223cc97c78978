import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import fc from "fast-check";
import { compareUtf8 } from "./order.ts";

Deno.test("names are ordered as their UTF-8 bytes are", () => {
  const name = fc.oneof(
    fc.string({ unit: "binary", maxLength: 6 }),
    fc.string({ unit: fc.constantFrom("a", "é", "\ud7ff", "\ue000", "\uffff", "\u{10000}") }),
  );
  fc.assert(fc.property(name, name, (a, b) => {
    assert.equal(Math.sign(compareUtf8(a, b)), Buffer.compare(Buffer.from(a), Buffer.from(b)));
  }));
});

Deno.test("the plane beyond U+FFFF comes last, unlike in UTF-16", () => {
  const names = ["\u{10000}", "\uffff", "b", "a\u{10000}", "a", "", "a\ue000"];
  assert.deepEqual(names.sort(compareUtf8), [
    "",
    "a",
    "a\ue000",
    "a\u{10000}",
    "b",
    "\uffff",
    "\u{10000}",
  ]);
});
