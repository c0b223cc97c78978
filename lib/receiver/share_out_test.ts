import assert from "node:assert/strict";
import * as fc from "fast-check";
import { shareOut } from "./share_out.ts";

function shares(available: number, wants: Record<string, number>): Record<string, number> {
  return Object.fromEntries(shareOut(available, new Map(Object.entries(wants))));
}

Deno.test("who wants little gets it, and the others the same", () => {
  assert.deepEqual(shares(100, { a: 80 }), { a: 80 });
  assert.deepEqual(shares(100, { a: 100, b: 20 }), { a: 80, b: 20 });
  assert.deepEqual(shares(100, { a: 100, b: 60 }), { a: 50, b: 50 });
  assert.deepEqual(shares(90, { a: 10, b: 100, c: 70 }), { a: 10, b: 40, c: 40 });
  assert.deepEqual(shares(-5, { a: 1, b: 0 }), { a: 0, b: 0 });
});

Deno.test("nothing is given twice, and nobody gets less than another without wanting less", () => {
  const lists = fc.array(fc.nat(1000), { maxLength: 8 });
  fc.assert(fc.property(fc.integer({ min: -10, max: 2000 }), lists, (available, wants) => {
    const given = shareOut(available, new Map(wants.entries()));
    const sum = given.values().reduce((a, b) => a + b, 0);
    const wanted = wants.reduce((a, b) => a + b, 0);
    assert.ok(Math.abs(sum - Math.min(Math.max(0, available), wanted)) < 1e-6);
    for (const [who, got] of given) {
      const want = wants[who] ?? 0;
      assert.ok(got <= want);
      if (got < want - 1e-6) { for (const other of given.values()) assert.ok(other <= got + 1e-6); }
    }
  }));
});
