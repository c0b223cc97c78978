import assert from "node:assert/strict";
import fc from "fast-check";
import { formatPax, formatPaxTime, parsePax, parsePaxTime, type PaxRecords } from "./pax.ts";

const decoder = new TextDecoder();

Deno.test("records stand in one order, and count their own length", () => {
  const bytes = formatPax({ mtime: "1.5", size: "8589934592", linkpath: "b", path: "ü" });
  assert.equal(
    decoder.decode(bytes),
    "11 path=ü\n14 linkpath=b\n19 size=8589934592\n13 mtime=1.5\n",
  );
  assert.equal(formatPax({}).byteLength, 0);
});

Deno.test("a length that grows by a digit is counted with it", () => {
  for (let length = 1; length < 1100; length++) {
    const bytes = formatPax({ path: "x".repeat(length) });
    assert.equal(parseInt(decoder.decode(bytes), 10), bytes.byteLength);
  }
});

Deno.test("parsing inverts formatting", () => {
  const value = fc.string({ unit: "grapheme" });
  const records = fc.record({ path: value, linkpath: value, size: value, mtime: value }, {
    requiredKeys: [],
  });
  fc.assert(fc.property(records, (given: PaxRecords) => {
    assert.deepEqual(parsePax(formatPax(given)), { ...given });
  }));
});

Deno.test("damaged records are told, never guessed", () => {
  const faultOf = (text: string) => {
    const parsed = parsePax(new TextEncoder().encode(text));
    return "fault" in parsed ? parsed.fault : undefined;
  };
  assert.match(faultOf("9 path=a") ?? "", /damaged/);
  assert.match(faultOf("99 path=a\n") ?? "", /damaged/);
  assert.match(faultOf("09 path=a\n") ?? "", /damaged/);
  assert.match(faultOf("2 9 path=a\n") ?? "", /damaged/);
  assert.match(faultOf("path=a\n") ?? "", /damaged/);
  assert.match(faultOf("9999999999 path=a\n") ?? "", /damaged/);
  assert.match(faultOf("9 pathx=\n") ?? "", /pax key "pathx"/);
  assert.match(faultOf("5 xx\n") ?? "", /pax key ""/);
  assert.match(faultOf("9 path=a\n9 path=b\n") ?? "", /path twice/);
  assert("fault" in parsePax(Uint8Array.of(0x34, 0x20, 0xff, 0x0a)));
});

Deno.test("times are exact decimals, negative ones too", () => {
  const cases: [bigint, string][] = [
    [0n, "0"],
    [1n, "0.000000001"],
    [1_500_000_000n, "1.5"],
    [-1n, "-0.000000001"],
    [-1_000_000_000n, "-1"],
    [-1_250_000_000n, "-1.25"],
    [2n ** 80n, "1208925819614629.174706176"],
  ];
  for (const [ns, text] of cases) {
    assert.equal(formatPaxTime(ns), text);
    assert.equal(parsePaxTime(text), ns);
  }
  for (const text of ["", "-", "1.", ".5", "1.0000000001", "1e3", "+1", " 1", "1".repeat(21)]) {
    assert.equal(parsePaxTime(text), undefined, text);
  }
});
