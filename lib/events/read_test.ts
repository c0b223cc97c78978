import assert from "node:assert/strict";
import fc from "fast-check";
import { parseEvent } from "./read.ts";
import { formatEvent } from "./write.ts";

/** What is most likely to be mistaken for the end of the words or of a value. */
const TRAPS = [" event=", "event=stored", "=", '"', "\\", " ", "\n", "repeated=7", "a=b", "<6>"];
const text = fc.oneof(
  fc.string({ unit: "binary", maxLength: 30 }),
  fc.array(fc.oneof(fc.constantFrom(...TRAPS), fc.string({ maxLength: 4 })), { maxLength: 8 })
    .map((parts) => parts.join("")),
);

Deno.test("what is written is read: name, words and every field, whatever they hold", () => {
  fc.assert(
    fc.property(text, text, text, text, fc.boolean(), (problem, method, path, detail, priority) => {
      const fields = { problem, method, path, detail };
      const line = formatEvent("request-refused", fields, { priority });
      assert(!line.includes("\n"));
      const read = parseEvent(line);
      assert.equal(read?.name, "request-refused");
      assert(read.isKnown);
      assert.deepEqual(Object.fromEntries(read.fields), fields);
      const words = `${method} ${path} refused: ${detail}`.replaceAll(/\p{Cc}+/gu, " ");
      // Where no priority was written, words that begin like one lose it, as they do in the journal (sd-daemon(3)).
      assert.equal(read.words, priority ? words : words.replace(/^<[0-7]>/, ""));
    }),
    { numRuns: 2000 },
  );
});

Deno.test("numbers, booleans and absent fields come back as text, or not at all", () => {
  fc.assert(
    fc.property(fc.nat(), fc.double({ noNaN: true }), fc.boolean(), (bytes, ms, already) => {
      const line = formatEvent("episode-shipped", { id: "a", bytes, ms, already }, {
        priority: true,
      });
      assert.deepEqual([...parseEvent(line)?.fields ?? []], [
        ["id", "a"],
        ["bytes", `${bytes}`],
        ["ms", `${ms}`],
        ["already", `${already}`],
      ]);
    }),
  );
  const held = { id: "a", code: "out-of-window", detail: "d", status: undefined };
  const read = parseEvent(formatEvent("episode-held", held, { priority: false }));
  assert.equal(read?.fields.has("status"), false);
});

Deno.test("another version's event is handed on, with fields that nobody here knows", () => {
  const read = parseEvent('episode a waits event=episode-rested id=a mood="not good"');
  assert.deepEqual(read, {
    name: "episode-rested",
    isKnown: false,
    words: "episode a waits",
    fields: new Map([["id", "a"], ["mood", "not good"]]),
    times: 1,
  });
});

Deno.test("lines that were left out before this one are counted", () => {
  assert.equal(parseEvent("x event=paused code=y repeated=41")?.times, 42);
  for (const odd of ["-1", "many", "1.5", "0"]) {
    assert.equal(parseEvent(`x event=paused repeated=${odd}`)?.times, 1, odd);
  }
});

Deno.test("what is no event is none", () => {
  for (
    const line of [
      "",
      "Started cis490 shipper.",
      "event=",
      "x event= y",
      "anevent=stored",
      'x event=stored detail="half',
      "x event=stored and words behind it",
    ]
  ) assert.equal(parseEvent(line), undefined, line);
  assert.equal(parseEvent("event=stored")?.words, "");
});
