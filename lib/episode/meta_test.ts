import assert from "node:assert/strict";
import fc from "fast-check";
import { findStamp, META_LIMIT_BYTES, parseMeta } from "./meta.ts";

const STAMP = "0123456789abcdef0123456789abcdef01234567";

function parse(text: string) {
  return parseMeta(new TextEncoder().encode(text));
}

Deno.test("the stamp is code_version.commit, whatever else is there", () => {
  const text = JSON.stringify({ id: 1, code_version: { commit: STAMP, dirty: true } });
  assert.deepEqual(parse(text), { kind: "stamped", stamp: STAMP });
});

Deno.test("a meta.json without a valid stamp is unstamped, and says why", () => {
  for (
    const [value, why] of [
      [{}, /code_version is missing/],
      [{ code_version: null }, /code_version is missing/],
      [{ code_version: [] }, /code_version is missing/],
      [{ code_version: STAMP }, /code_version is missing/],
      [{ code_version: {} }, /commit is missing/],
      [{ code_version: { commit: 7 } }, /commit is missing/],
      [{ code_version: { commit: STAMP.slice(1) } }, /not 40 lower-case/],
      [{ code_version: { commit: STAMP.toUpperCase() } }, /not 40 lower-case/],
      [{ code_version: { commit: `${STAMP}\n` } }, /not 40 lower-case/],
    ] as const
  ) {
    const meta = parse(JSON.stringify(value));
    assert(meta.kind === "unstamped", JSON.stringify(value));
    assert.match(meta.why, why);
  }
});

Deno.test("what is no JSON object is unreadable, and says why", () => {
  for (
    const [text, why] of [
      ["", /not JSON/],
      ["{", /not JSON/],
      ["[]", /not a JSON object/],
      ["null", /not a JSON object/],
      ['"x"', /not a JSON object/],
    ] as const
  ) {
    const meta = parse(text);
    assert(meta.kind === "unreadable", text);
    assert.match(meta.why, why);
  }
  const noUtf8 = parseMeta(Uint8Array.of(0x22, 0xff, 0x22));
  assert.deepEqual(noUtf8, { kind: "unreadable", why: "meta.json is not UTF-8" });
});

Deno.test("the limit is inclusive", () => {
  const filled = (bytes: number) => parse(`{}${" ".repeat(bytes - 2)}`).kind;
  assert.equal(filled(META_LIMIT_BYTES), "unstamped");
  assert.equal(filled(META_LIMIT_BYTES + 1), "unreadable");
});

Deno.test("no bytes make it throw, and only 40 lower-case hex digits are a stamp", () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
    assert(parseMeta(bytes).kind !== "stamped");
  }));
  fc.assert(fc.property(fc.string(), (text) => {
    assert.equal(
      findStamp(text) !== undefined,
      /^[0-9a-f]{40}$/.test(text) && !text.endsWith("\n"),
    );
  }));
});
