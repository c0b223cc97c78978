/** Any tree is packed, verified, and restored by this program and two others without a difference. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import fc from "fast-check";
import { createVerifier, pack, Unpacker } from "../../lib/archive/mod.ts";
import { needs } from "../skip.ts";
import {
  digestByZstd,
  makeTree,
  type Planned,
  realFs,
  realTreeFs,
  snapshot,
  TestDirectory,
  unpack,
} from "./tree.ts";

const LIMITS = {
  maxArchiveBytes: 1e9,
  maxUnpackedBytes: 1e9,
  maxEntries: 100_000,
  maxPathBytes: 4096,
};

/** Names of every kind: letters, signs, scripts, planes, spaces, newlines, dots and dashes in front. */
const name: fc.Arbitrary<string> = fc.oneof(
  fc.constantFrom(
    "-",
    "--",
    "-rf",
    "...",
    ".x",
    " ",
    "a b",
    "new\nline",
    "tab\t",
    "\\",
    "*",
    "'",
    "é",
  ),
  fc.constantFrom("e\u0301", "\ufeff", "\uffff", "\u{10000}", "\u{1f600}", "\x01", "\x7f", "a:b"),
  fc.string({ unit: "grapheme", minLength: 1, maxLength: 40 }),
  fc.string({ unit: "binary", minLength: 1, maxLength: 20 }),
  fc.string({ unit: "grapheme-ascii", minLength: 90, maxLength: 110 }),
).map((text) => text.replaceAll(/[/\0]/g, "_")).filter((text) =>
  text !== "." && text !== ".." && text.isWellFormed() &&
  new TextEncoder().encode(text).byteLength <= 255
);

const NANOSECONDS = 1_000_000_000n;
/** Whole seconds before 1970, for libarchive misreads their fractions; ext4 ends in 2446. */
const mtimeNs = fc.oneof(
  fc.bigInt({ min: 0n, max: 10_000_000_000n * NANOSECONDS }),
  fc.bigInt({ min: -(2n ** 31n), max: 0n }).map((seconds) => seconds * NANOSECONDS),
);

/** One entry: a file's bytes, what lies in a directory, or a link to itself. */
interface Item {
  readonly name: string;
  readonly mtimeNs: bigint;
  readonly mode: number;
  readonly what: Uint8Array | readonly Item[] | "link";
}

function items(depth: number): fc.Arbitrary<Item[]> {
  const what = [fc.uint8Array({ maxLength: 1100 }), fc.constant("link" as const)];
  const item = fc.record({
    name,
    mtimeNs,
    mode: fc.integer({ min: 0, max: 0o777 }),
    what: depth === 0 ? fc.oneof(...what) : fc.oneof(...what, items(depth - 1)),
  });
  return fc.uniqueArray(item, { selector: (one) => one.name, maxLength: 5 });
}

/** Modes keep the owner's rights, so that the test also runs without being root. */
function plan(all: readonly Item[], parent = "", depth = 0): Planned[] {
  return all.flatMap(({ name, mtimeNs, mode, what }): Planned[] => {
    const path = `${parent}${name}`;
    if (path === "meta.json") return [];
    if (what === "link") {
      return [{ path, mtimeNs, type: "symlink", target: "../".repeat(depth) + name }];
    }
    if (what instanceof Uint8Array) {
      return [{ path, mtimeNs, type: "file", content: what, mode: mode | 0o400 }];
    }
    const inside = plan(what, `${path}/`, depth + 1);
    return [{ path, mtimeNs, type: "directory", mode: mode | 0o700 }, ...inside];
  });
}

/** In names of more than 100 bytes libarchive composes what is decomposed, as docs/archive.md says. */
function isComposedByLibarchive(all: readonly Planned[]): boolean {
  return all.some((entry) =>
    [entry.path, entry.type === "symlink" ? entry.target : ""].some((text) =>
      new TextEncoder().encode(text).byteLength >= 100 && text !== text.normalize("NFC")
    )
  );
}

Deno.test({
  ...needs("any tree comes back as it was", { commands: ["zstd", "bsdtar"] }),
  fn: async () => {
    await fc.assert(
      fc.asyncProperty(items(3), fc.integer({ min: 1, max: 5000 }), async (tree, chunkBytes) => {
        using directory = new TestDirectory();
        const episodePath = `${directory.path}/episode`;
        const archive = `${directory.path}/x.tar.zst`;
        const planned = plan(tree);
        makeTree(episodePath, planned);
        const packed = await pack(realFs, { episodePath, partialPath: archive, level: 1 });

        const restored = `${directory.path}/restored`;
        Deno.mkdirSync(restored);
        const unpacker = new Unpacker(realTreeFs, restored);
        const verifier = createVerifier(LIMITS, unpacker);
        const bytes = Deno.readFileSync(archive);
        for (let at = 0; at < bytes.byteLength; at += chunkBytes) {
          await verifier.write(bytes.subarray(at, at + chunkBytes));
        }
        const { format: _, signature: __, newestCtimeNs: ___, archiveDigest, ...expected } = packed;
        assert.deepEqual(await verifier.end(), expected);
        assert.equal(createHash("sha256").update(bytes).digest("hex"), archiveDigest);
        assert.equal(await digestByZstd(archive), packed.episodeDigest);

        const before = snapshot(episodePath);
        await unpacker.finish();
        assert.deepEqual(snapshot(restored), before, "this program");
        for (const program of ["tar", "bsdtar"] as const) {
          if (program === "bsdtar" && isComposedByLibarchive(planned)) continue;
          await unpack(program, archive, `${directory.path}/${program}`);
          assert.deepEqual(snapshot(`${directory.path}/${program}`), before, program);
        }
      }),
      { numRuns: 120 },
    );
  },
});
