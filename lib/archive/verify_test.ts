import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { concat, END, file, header, padded, pax, zstd } from "../../tests/archive/tar.ts";
import { META, STAMP } from "../../tests/archive/tree.ts";
import { META_LIMIT_BYTES } from "../episode/mod.ts";
import { ArchiveError, type ArchiveProblem } from "./error.ts";
import { createVerifier, type Verified, type VerifyLimits } from "./verify.ts";

const LIMITS: VerifyLimits = {
  maxArchiveBytes: 1e9,
  maxUnpackedBytes: 1e9,
  maxEntries: 1000,
  maxPathBytes: 4096,
};
const META_ENTRY = file("meta.json", META);
const LONG = "l".repeat(101);

async function verify(
  archive: Uint8Array,
  limits: Partial<VerifyLimits> = {},
  chunkBytes = archive.byteLength,
): Promise<Verified> {
  const verifier = createVerifier({ ...LIMITS, ...limits });
  try {
    for (let at = 0; at < archive.byteLength; at += chunkBytes) {
      await verifier.write(archive.subarray(at, at + chunkBytes));
    }
    return await verifier.end();
  } finally {
    verifier.abort();
  }
}

async function assertRefused(
  archive: Uint8Array,
  problem: ArchiveProblem,
  words: RegExp,
  limits: Partial<VerifyLimits> = {},
): Promise<void> {
  for (const chunkBytes of [archive.byteLength, 7]) {
    if (chunkBytes === 7 && archive.byteLength > 10_000) continue;
    await assert.rejects(verify(archive, limits, chunkBytes), (error) => {
      assert(error instanceof ArchiveError, `${error}`);
      assert.equal(error.problem, problem, error.message);
      assert.match(error.message, words);
      return true;
    });
  }
}

/** The archive of a stamped meta.json and these parts. */
function archiveOf(...parts: (Uint8Array | readonly Uint8Array[])[]): Uint8Array {
  return zstd(concat(META_ENTRY, ...parts, END));
}

Deno.test("a good archive is verified, in chunks of any size", async () => {
  const tar = concat(
    META_ENTRY,
    header({ name: "d/", type: "5", mode: 0o755 }),
    file("d/a", "x".repeat(600), { mtime: 8 ** 11 - 1 }),
    header({ name: "d/b", type: "2", mode: 0o777, linkname: "../meta.json" }),
    pax([["path", LONG]]),
    file(`${LONG.slice(0, 99)}_`, "long"),
    END,
  );
  const archive = zstd(tar);
  const expected = {
    episodeDigest: sha256(tar),
    archiveBytes: archive.byteLength,
    tarBytes: tar.byteLength,
    entries: 5,
    meta: { kind: "stamped", stamp: STAMP },
  };
  for (const chunkBytes of [1, 13, 100_000]) {
    assert.deepEqual(await verify(archive, {}, chunkBytes), expected);
  }
});

function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

Deno.test("an archive in several frames, one of them empty, is one tar stream", async () => {
  const tar = concat(META_ENTRY, file("a", "1"), END);
  const archive = concat(
    zstd(tar.subarray(0, 700)),
    zstd(new Uint8Array(0)),
    zstd(tar.subarray(700)),
  );
  assert.equal((await verify(archive)).episodeDigest, sha256(tar));
});

Deno.test("an unstamped meta.json is verified, and said to be so", async () => {
  const verified = await verify(zstd(concat(file("meta.json", "{}"), END)));
  assert.deepEqual(verified.meta, { kind: "unstamped", why: "code_version is missing" });
});

Deno.test("a damaged stream is not an archive", async (t) => {
  const tar = concat(META_ENTRY, file("a", "1"), END);
  const good = zstd(tar);
  const flipped = good.slice();
  flipped[good.byteLength - 1]! ^= 1;
  const cases: [string, Uint8Array, RegExp][] = [
    ["nothing at all", new Uint8Array(0), /is empty/],
    ["no zstd", new TextEncoder().encode("<html>no</html>"), /does not begin as zstd/],
    ["a bare tar", tar, /does not begin as zstd/],
    ["cut in a frame", good.subarray(0, good.byteLength - 1), /cut short/],
    ["cut between frames", zstd(tar.subarray(0, 512)), /tar stream is cut short/],
    ["without end blocks", zstd(tar.subarray(0, tar.byteLength - 1024)), /cut short/],
    ["with one end block", zstd(tar.subarray(0, tar.byteLength - 512)), /cut short/],
    ["a lone block of zeros", archiveOf(new Uint8Array(512), file("a", "")), /lone block/],
    ["a wrong checksum of the frame", flipped, /damaged/],
    ["trailing garbage", concat(good, new Uint8Array(5)), /something after its end/],
    ["a trailing byte", concat(good, new Uint8Array(1)), /damaged|something after/],
    ["a frame behind the end", concat(good, zstd(END)), /follows the end of the tar stream/],
    ["padding to a record", archiveOf(new Uint8Array(8192)), /follows the end/],
    ["no tar", zstd(new Uint8Array(512).fill(65)), /header is not intact/],
    ["a damaged header", archiveOf(damage(header({ name: "a" }), 0)), /header is not intact/],
  ];
  for (const [name, archive, words] of cases) {
    await t.step(name, () => assertRefused(archive, "not-an-archive", words));
  }
});

function damage(bytes: Uint8Array, at: number): Uint8Array {
  bytes[at]! ^= 1;
  return bytes;
}

Deno.test("paths and links that format 1 does not allow are unsafe entries", async (t) => {
  const link = (name: string, linkname: string) =>
    header({ name, type: "2", mode: 0o777, linkname });
  const directory = (name: string) => header({ name, type: "5", mode: 0o755 });
  const cases: [string, Uint8Array | Uint8Array[], RegExp][] = [
    ["..", file("../a", ""), /has the part \.\. in its path/],
    [".. inside", file("a/../b", ""), /has the part \.\./],
    [".", file("./a", ""), /has the part \. in/],
    ["absolute", file("/etc/passwd", ""), /is an absolute path/],
    ["absolute by pax", [...pax([["path", `/${LONG}`]]), ...file("x", "")], /is an absolute path/],
    ["empty part", file("a//b", ""), /has an empty part/],
    ["empty name", file("", ""), /without a name/],
    ["a file whose name ends in a slash", file("a/", ""), /has an empty part/],
    ["NUL in a name", file("a\0b", ""), /name is not in canonical form/],
    ["NUL in a pax path", [...pax([["path", `${LONG}\0b`]]), ...file("x", "")], /has a NUL/],
    ["not UTF-8", header({ name: Uint8Array.of(0xff) }), /not in canonical form/],
    ["too long", [...pax([["path", "l".repeat(5000)]]), ...file("x", "")], /more than 4096 bytes/],
    ["duplicate", [...file("a", ""), ...file("a", "")], /a is there twice/],
    ["meta.json again", file("meta.json", META), /meta\.json is there twice/],
    ["out of order", [...file("b", ""), ...file("a", "")], /comes after b, out of order/],
    ["no parent", file("a/b", ""), /lies in a, which is no directory/],
    ["parent left before", [directory("a/"), ...file("b", ""), ...file("a/c", "")], /lies in a/],
    ["through a link", [link("a", "meta.json"), ...file("a/b", "")], /lies in a, which is no/],
    ["through a file", [...file("a", ""), ...file("a/b", "")], /lies in a, which is no/],
    ["absolute link", link("a", "/etc/passwd"), /may leave the episode \(to \/etc\/passwd\)/],
    ["link out", link("a", "../x"), /may leave the episode/],
    ["link out behind a name", [directory("a/"), link("a/b", "x/../../..")], /may leave/],
    ["link to nothing", link("a", ""), /may leave/],
  ];
  for (const [name, parts, words] of cases) {
    await t.step(name, () => assertRefused(archiveOf(parts), "unsafe-entry", words));
  }
});

Deno.test("entries of other types and forms are unsafe entries", async (t) => {
  const of = (fields: Parameters<typeof header>[0]) => header(fields);
  const gnuSparse = pax([["GNU.sparse.major", "1"], ["GNU.sparse.minor", "0"]]);
  const cases: [string, Uint8Array | Uint8Array[], RegExp][] = [
    ["hard link", of({ name: "a", type: "1", linkname: "meta.json" }), /^a is a hard link/],
    ["character device", of({ name: "a", type: "3", devmajor: 1 }), /^a is a character device/],
    ["block device", of({ name: "a", type: "4" }), /^a is a block device/],
    ["FIFO", of({ name: "a", type: "6" }), /^a is a FIFO/],
    ["contiguous file", of({ name: "a", type: "7" }), /^a is a contiguous file/],
    ["old file", of({ name: "a", type: "\0" }), /^a is a file in the form of old tar/],
    ["unknown type", of({ name: "a", type: "?" }), /^a has the unknown type/],
    ["global pax header", pax([["comment", "x"]], "g"), /is a global pax header/],
    ["GNU sparse, old", of({ name: "a", type: "S" }), /^a is a GNU sparse file/],
    ["GNU sparse, pax", [...gnuSparse, ...file("a", "")], /pax key "GNU\.sparse\.major"/],
    ["GNU long name", file("././@LongLink", LONG, { type: "L" }), /is a GNU long name/],
    ["extended attribute", [...pax([["SCHILY.xattr.user.x", "1"]]), ...file("a", "")], /SCHILY/],
    ["pax key twice", [...pax([["mtime", "1.5"], ["mtime", "1.5"]]), ...file("a", "")], /twice/],
    ["pax without need", [...pax([["path", "a"]]), ...file("a", "")], /pax header .* canonical/],
    ["pax out of order", [
      ...pax([["mtime", "1.5"], ["path", LONG]]),
      ...file(`${LONG.slice(0, 99)}_`, "", { mtime: 1 }),
    ], /pax header .* canonical/],
    ["pax time with a zero", [...pax([["mtime", "1.50"]]), ...file("a", "")], /pax header/],
    ["pax time that is none", [...pax([["mtime", "now"]]), ...file("a", "")], /time that is no/],
    ["pax size that is none", [...pax([["size", "-1"]]), ...file("a", "")], /size that is no/],
    ["pax size for a small file", [...pax([["size", "1"]]), ...file("a", "1")], /pax header/],
    ["damaged pax", [...file("././@PaxHeader", "9 x", { type: "x" }), ...file("a", "")], /damaged/],
    ["two pax headers", [...pax([["mtime", "1.5"]]), ...pax([["mtime", "1.5"]])], /two pax/],
    ["huge pax header", of({ name: "././@PaxHeader", type: "x", size: 1e9 }), /pax header has 1/],
    ["setuid", of({ name: "a", mode: 0o4755 }), /^a has a header whose mode/],
    ["an owner", of({ name: "a", uid: 1000 }), /whose uid/],
    ["an owner's name", of({ name: "a", uname: "root" }), /whose uname/],
    ["a group", of({ name: "a", gname: "root" }), /whose gname/],
    ["a prefix", of({ name: "a", prefix: "b" }), /whose prefix/],
    ["GNU magic", of({ name: "a", magic: "ustar  \0" }), /whose magic/],
    ["bytes in the reserved part", of({ name: "a", patch: (b) => b[511] = 1 }), /whose padding/],
    ["bytes after a name", of({ name: "a", patch: (b) => b[50] = 1 }), /whose name/],
    ["size in base 256", of({ name: "a", patch: (b) => b[124] = 0x80 }), /a size that is not/],
    ["mode in other digits", of({ name: "a", patch: (b) => b[106] = 0x20 }), /a mode that is/],
    ["a directory with a size", of({ name: "a/", type: "5", size: 1 }), /directory with a size/],
    ["a directory without a slash", of({ name: "a", type: "5" }), /whose name/],
    ["a file with a link name", of({ name: "a", linkname: "b" }), /file with a link name/],
    ["a link with another mode", of({ name: "a", type: "2", linkname: "b" }), /whose mode/],
    ["non-zero padding", [header({ name: "a", size: 1 }), padded("1", 1)], /^a is not padded/],
  ];
  for (const [name, parts, words] of cases) {
    await t.step(name, () => assertRefused(archiveOf(parts), "unsafe-entry", words));
  }
});

Deno.test("an archive without a good meta.json at its start has a bad one", async (t) => {
  const cases: [string, Uint8Array[], RegExp][] = [
    ["no entries", [], /is not there: the archive is empty/],
    ["missing", file("a", ""), /is not there, or not first/],
    ["not first", [...file("a", ""), ...META_ENTRY], /not first/],
    ["a directory", [header({ name: "meta.json/", type: "5", mode: 0o755 })], /is a directory/],
    [
      "a link",
      [header({ name: "meta.json", type: "2", mode: 0o777, linkname: "x" })],
      /is a symlink/,
    ],
    ["not JSON", file("meta.json", "{"), /is not JSON/],
    ["empty", file("meta.json", ""), /is not JSON/],
    ["not UTF-8", [header({ name: "meta.json", size: 1 }), padded(Uint8Array.of(0xff))], /UTF-8/],
    ["no object", file("meta.json", "[]"), /is not a JSON object/],
    ["1 GB", [header({ name: "meta.json", size: 1e9 })], /has 1000000000 bytes/],
    [
      "one byte too large",
      [header({ name: "meta.json", size: META_LIMIT_BYTES + 1 })],
      /at most 1048576/,
    ],
  ];
  for (const [name, parts, words] of cases) {
    await t.step(name, () => assertRefused(zstd(concat(parts, END)), "bad-meta", words));
  }
});

Deno.test("what is above a limit is too large, what is at it is not", async (t) => {
  const tar = concat(META_ENTRY, file("a", "1"), END);
  const archive = zstd(tar);
  const cases: [keyof VerifyLimits, number, RegExp][] = [
    ["maxArchiveBytes", archive.byteLength, /archive has more than \d+ bytes/],
    ["maxUnpackedBytes", tar.byteLength, /unpacks to more than \d+ bytes/],
    ["maxEntries", 2, /more than 1 entries/],
  ];
  for (const [limit, value, words] of cases) {
    await t.step(limit, async () => {
      await verify(archive, { [limit]: value });
      await assertRefused(archive, "too-large", words, { [limit]: value - 1 });
    });
  }
});

Deno.test("a bomb stops at the limit, without memory for what it holds", async () => {
  const zeros = zstd(new Uint8Array(8 * 1024 * 1024));
  const start = zstd(concat(META_ENTRY, header({ name: "a", size: 1_000_000_000 })));
  const bomb = concat(start, Array.from({ length: 120 }, () => zeros));
  assert(bomb.byteLength < 100_000);
  // Of this isolate alone: in the same process other tests may run side by side.
  const used = () => Deno.memoryUsage().heapUsed + Deno.memoryUsage().external;
  const before = used();
  await assertRefused(bomb, "too-large", /unpacks to more than/, { maxUnpackedBytes: 512e6 });
  const undeclared = concat(zstd(concat(META_ENTRY)), Array.from({ length: 120 }, () => zeros));
  await assertRefused(undeclared, "not-an-archive", /follows the end/, { maxUnpackedBytes: 512e6 });
  const declaredSmall = concat(
    zstd(concat(META_ENTRY, header({ name: "a", size: 511e6 }))),
    Array.from({ length: 120 }, () => zeros),
  );
  await assertRefused(declaredSmall, "not-an-archive", /follows/, { maxUnpackedBytes: 512e6 });
  assert(used() - before < 100e6, "memory grew");
});

Deno.test("verifying never keeps the event loop for long", async () => {
  const zeros = zstd(new Uint8Array(8 * 1024 * 1024));
  const bomb = concat(
    zstd(concat(META_ENTRY, header({ name: "a", size: 400e6 }))),
    Array.from({ length: 40 }, () => zeros),
  );
  let turns = 0;
  const timer = setInterval(() => turns++, 1);
  await assert.rejects(verify(bomb), { problem: "not-an-archive" });
  clearInterval(timer);
  assert(turns > 20, `${turns} turns`);
});

Deno.test("a verifier can be aborted at any time, also twice, and blames nothing on the archive", async () => {
  const frames = Array.from({ length: 20 }, () => zstd(new Uint8Array(1024 * 1024)));
  const start = zstd(concat(META_ENTRY, header({ name: "a", size: 20 * 1024 * 1024 })));
  const verifier = createVerifier(LIMITS);
  const writing = verifier.write(concat(start, frames));
  verifier.abort();
  verifier.abort();
  await assert.rejects(writing, { name: "Error", message: /aborted/ });
});
