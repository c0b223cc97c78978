import assert from "node:assert/strict";
import fc from "fast-check";
import type { Digest, EpisodeId, Signature, Stamp } from "../episode/mod.ts";
import { type EpisodeRecord, formatRecord, newRecord, parseRecord } from "./record.ts";

const hex = (length: number) =>
  fc.array(fc.constantFrom(..."0123456789abcdef"), { minLength: length, maxLength: length })
    .map((digits) => digits.join(""));
const digest = hex(64).map((text) => text as Digest);
const time = fc.option(fc.integer({ min: 0, max: 4e12 }), { nil: undefined });

/** As JSON.parse makes them. */
const PLAIN = { noNullPrototype: true } as const;

const record: fc.Arbitrary<EpisodeRecord> = fc.record({
  id: fc.constant("ep-1" as EpisodeId),
  signature: hex(64).map((text) => text as Signature),
  stamp: fc.option(hex(40).map((text) => text as Stamp), { nil: undefined }),
  packed: fc.option(
    fc.record({
      format: fc.constant(1 as const),
      episodeDigest: digest,
      archiveDigest: digest,
      archiveBytes: fc.maxSafeNat(),
      tarBytes: fc.maxSafeNat(),
      entries: fc.nat(),
    }, PLAIN),
    { nil: undefined },
  ),
  tries: fc.nat(),
  firstTryMs: time,
  lastTryMs: time,
  nextTryMs: time,
  last: fc.option(
    fc.record({ outcome: fc.string(), code: fc.string(), detail: fc.string() }, PLAIN),
    { nil: undefined },
  ),
}, PLAIN);

Deno.test("a record read back is the record", () => {
  fc.assert(fc.property(record, (record) => {
    assert.deepEqual(parseRecord(formatRecord(record)), record);
  }));
});

Deno.test("a record cut short anywhere is no record", () => {
  const text = formatRecord(newRecord("a" as EpisodeId, "s" as Signature, undefined)).trimEnd();
  for (let length = 0; length < text.length; length++) {
    assert.equal(parseRecord(text.slice(0, length)), undefined);
  }
});

Deno.test("a record of another format is no record", () => {
  const text = formatRecord(newRecord("a" as EpisodeId, "s" as Signature, undefined));
  assert.equal(parseRecord(text.replace('"format": 1', '"format": 2')), undefined);
});
