import assert from "node:assert/strict";
import fc from "fast-check";
import { encodeHeader, paddingBytes, type TarEntry } from "./format.ts";
import { findDeviation, readBlock, readHeader } from "./header.ts";

const FILE: TarEntry = {
  path: "a",
  type: "file",
  mode: 0o644,
  sizeBytes: 0,
  mtimeNs: 0n,
  target: "",
};

/** The header taken apart again, as the verifier does. */
function parse(bytes: Uint8Array): { entry: TarEntry; deviation: string | undefined } {
  const block = bytes.subarray(bytes.byteLength - 512);
  const pax = bytes.subarray(0, bytes.byteLength - 512);
  const paxSizeBytes = pax.byteLength === 0 ? 0 : readBlock(pax.subarray(0, 512)).sizeBytes;
  const { type } = readBlock(block);
  assert(type !== "pax");
  const raw = { pax, paxSizeBytes, block };
  const entry = readHeader(type, raw);
  return { entry, deviation: findDeviation(entry, raw) };
}

function textOf(bytes: Uint8Array): string {
  return new TextDecoder("latin1").decode(bytes);
}

Deno.test("a plain entry is one ustar header", () => {
  const bytes = encodeHeader({ ...FILE, sizeBytes: 5, mtimeNs: 1_700_000_000_000_000_000n });
  assert.equal(
    textOf(bytes).replaceAll("\0", "."),
    `a${".".repeat(99)}0000644.0000000.0000000.00000000005.14524770400.007405. 0` +
      `${".".repeat(100)}ustar.00${".".repeat(64)}0000000.0000000.${".".repeat(167)}`,
  );
});

Deno.test("a pax header comes only when a value does not fit", () => {
  const paxOf = (entry: Partial<TarEntry>) => {
    const bytes = encodeHeader({ ...FILE, ...entry });
    return bytes.byteLength === 512 ? "" : textOf(bytes.subarray(512)).split("\0", 1)[0];
  };
  assert.equal(paxOf({ path: "p".repeat(100) }), "");
  assert.equal(paxOf({ path: "p".repeat(101) }), `111 path=${"p".repeat(101)}\n`);
  assert.equal(paxOf({ type: "directory", path: "p".repeat(99) }), "");
  assert.match(paxOf({ type: "directory", path: "p".repeat(100) }) ?? "", /^111 path=p+\/\n$/);
  assert.equal(paxOf({ path: "ü".repeat(50) }), "");
  assert.match(paxOf({ path: "ü".repeat(51) }) ?? "", /^112 path=/);
  assert.match(paxOf({ type: "symlink", target: "ü".repeat(51) }) ?? "", /^116 linkpath=/);
  assert.equal(paxOf({ sizeBytes: 8 ** 11 - 1 }), "");
  assert.equal(paxOf({ sizeBytes: 8 ** 11 }), "19 size=8589934592\n");
  assert.equal(paxOf({ mtimeNs: BigInt(8 ** 11 - 1) * 1_000_000_000n }), "");
  assert.equal(paxOf({ mtimeNs: BigInt(8 ** 11) * 1_000_000_000n }), "20 mtime=8589934592\n");
  assert.equal(paxOf({ mtimeNs: -1_000_000_000n }), "12 mtime=-1\n");
  assert.equal(paxOf({ mtimeNs: 1n }), "21 mtime=0.000000001\n");
});

Deno.test("a name that does not fit never looks like a directory's", () => {
  const path = `${"d".repeat(98)}/ü`;
  const block = encodeHeader({ ...FILE, path }).subarray(-512);
  assert.equal(textOf(block.subarray(0, 100)), `${"d".repeat(98)}/_`);
});

Deno.test("a header read is the header written, and is canonical", () => {
  const part = fc.string({ unit: "grapheme", minLength: 1, maxLength: 120 })
    .map((text) => text.replaceAll(/[/\0]/g, "_")).filter((text) => !/^\.\.?$/.test(text));
  const path = fc.array(part, { minLength: 1, maxLength: 4 }).map((parts) => parts.join("/"));
  const base = {
    path,
    mtimeNs: fc.bigInt({ min: -(10n ** 19n), max: 10n ** 20n }),
  };
  const entry: fc.Arbitrary<TarEntry> = fc.oneof(
    fc.record({
      ...base,
      type: fc.constant("file"),
      mode: fc.integer({ min: 0, max: 0o777 }),
      sizeBytes: fc.integer({ min: 0, max: 2 ** 45 }),
      target: fc.constant(""),
    }),
    fc.record({
      ...base,
      type: fc.constant("directory"),
      mode: fc.integer({ min: 0, max: 0o777 }),
      sizeBytes: fc.constant(0),
      target: fc.constant(""),
    }),
    fc.record({
      ...base,
      type: fc.constant("symlink"),
      mode: fc.constant(0o777),
      sizeBytes: fc.constant(0),
      target: path,
    }),
  );
  fc.assert(fc.property(entry, (given) => {
    const bytes = encodeHeader(given);
    assert.equal(bytes.byteLength % 512, 0);
    assert.deepEqual(parse(bytes), { entry: { ...given }, deviation: undefined });
  }));
});

Deno.test("padding fills up to whole blocks", () => {
  assert.deepEqual([0, 1, 511, 512, 513, 2 ** 40].map(paddingBytes), [0, 511, 1, 0, 511, 0]);
});
