import assert from "node:assert/strict";
import { locateKeys } from "./locate.ts";

Deno.test("tables, dotted, quoted and inline keys have the line on which they first stand", () => {
  const lines = locateKeys(`top = 1
[queue]
a.b = 1
a.c = """
two lines
"""
"quoted key" = 2
inline = { x = 1, y.z = 2 }
[queue.deeper]
d = 1
`);
  const at = (...path: string[]) => lines.get(path.join("\0"));
  assert.equal(at("top"), 1);
  assert.equal(at("queue"), 2);
  assert.equal(at("queue", "a"), 3, "the first of several keys");
  assert.equal(at("queue", "a", "c"), 4);
  assert.equal(at("queue", "quoted key"), 7);
  assert.equal(at("queue", "inline", "y", "z"), 8);
  assert.equal(at("queue", "deeper", "d"), 10);
  assert.equal(at("queue", "missing"), undefined);
});
