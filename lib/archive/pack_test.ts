import assert from "node:assert/strict";
import { GOLDEN_DIGEST, makeGoldenTree } from "../../tests/archive/golden.ts";
import {
  digestByZstd,
  makeTree,
  META,
  realFs,
  snapshot,
  STAMP,
  TestDirectory,
  unpack,
} from "../../tests/archive/tree.ts";
import { needs } from "../../tests/skip.ts";
import { META_LIMIT_BYTES } from "../episode/mod.ts";
import { ArchiveError } from "./error.ts";
import { pack, type Packed, type PackHooks } from "./pack.ts";

function packInto(directory: string, hooks?: PackHooks, level = 3): Promise<Packed> {
  const job = {
    episodePath: `${directory}/episode`,
    partialPath: `${directory}/x.tar.zst.partial`,
    level,
  };
  return pack(realFs, job, hooks);
}

async function assertRefused(directory: string, code: string, words: RegExp): Promise<void> {
  await assert.rejects(packInto(directory), (error) => {
    assert(error instanceof ArchiveError, `${error}`);
    assert.equal(error.code, code);
    assert.match(error.message, words);
    return true;
  });
  assert.deepEqual(namesIn(directory).filter((name) => name.endsWith(".partial")), []);
}

function namesIn(directory: string): string[] {
  return Array.from(Deno.readDirSync(directory), ({ name }) => name);
}

Deno.test({
  ...needs("the golden tree has its episode digest, whatever the level", { commands: ["zstd"] }),
  fn: async () => {
    using directory = new TestDirectory();
    makeGoldenTree(`${directory.path}/episode`);
    for (const level of [1, 9]) {
      const packed = await packInto(directory.path, {}, level);
      assert.equal(packed.episodeDigest, GOLDEN_DIGEST);
      assert.equal(packed.entries, 20);
      assert.deepEqual(packed.meta, { kind: "stamped", stamp: STAMP });
      assert.equal(await digestByZstd(`${directory.path}/x.tar.zst.partial`), GOLDEN_DIGEST);
      Deno.removeSync(`${directory.path}/x.tar.zst.partial`);
    }
  },
});

for (const program of ["tar", "bsdtar"] as const) {
  Deno.test({
    ...needs(`${program} restores the golden tree: names, bytes, modes, times, links`, {
      commands: ["zstd", program],
    }),
    fn: async () => {
      using directory = new TestDirectory();
      makeGoldenTree(`${directory.path}/episode`);
      await packInto(directory.path);
      await unpack(program, `${directory.path}/x.tar.zst.partial`, `${directory.path}/restored`);
      assert.deepEqual(
        snapshot(`${directory.path}/restored`),
        snapshot(`${directory.path}/episode`),
      );
    },
  });
}

Deno.test({
  ...needs("a time before 1970 with a fraction is kept; tar restores it, libarchive misreads it", {
    commands: ["zstd", "bsdtar"],
  }),
  fn: async () => {
    using directory = new TestDirectory();
    makeTree(`${directory.path}/episode`, [
      { path: "old", type: "file", content: "", mtimeNs: -1_250_000_000n },
    ]);
    await packInto(directory.path);
    const restoredBy = async (program: "tar" | "bsdtar") => {
      await unpack(program, `${directory.path}/x.tar.zst.partial`, `${directory.path}/${program}`);
      return realFs.lstat(`${directory.path}/${program}/old`).mtimeNs;
    };
    assert.equal(await restoredBy("tar"), -1_250_000_000n);
    // pax_time() of libarchive adds the fraction of a negative number instead of subtracting it. When this line fails
    // libarchive has mended it, and the note in docs/archive.md can go.
    assert.equal(await restoredBy("bsdtar"), -750_000_000n);
  },
});

Deno.test("what is packed tells the signature, the newest change and its sizes", async () => {
  using directory = new TestDirectory();
  makeTree(`${directory.path}/episode`, []);
  const progress: number[] = [];
  const packed = await packInto(directory.path, { onProgress: (bytes) => progress.push(bytes) });
  const file = Deno.statSync(`${directory.path}/x.tar.zst.partial`);
  assert.equal(packed.archiveBytes, file.size);
  assert.equal(file.mode === null ? undefined : file.mode & 0o777, 0o600);
  assert.equal(packed.tarBytes, 512 + 512 + 1024);
  assert.deepEqual(progress, [packed.tarBytes]);
  assert(packed.newestCtimeNs > 1_700_000_000_000_000_000n);
});

Deno.test("an unstamped episode is packed, and said to be so", async () => {
  using directory = new TestDirectory();
  makeTree(`${directory.path}/episode`, [], "{}");
  assert.equal((await packInto(directory.path)).meta.kind, "unstamped");
});

Deno.test("a meta.json that nobody can read is refused for what is wrong with it", async () => {
  const cases = [
    ["[", /is not JSON/],
    ["[]", /is not a JSON object/],
    [`"${"x".repeat(META_LIMIT_BYTES)}"`, /is larger than 1048576 bytes/],
  ] as const;
  for (const [meta, why] of cases) {
    using directory = new TestDirectory();
    makeTree(`${directory.path}/episode`, [], meta);
    await assertRefused(directory.path, "bad-meta", why);
  }
});

Deno.test("an episode without a regular meta.json is refused", async (t) => {
  await t.step("missing", async () => {
    using directory = new TestDirectory();
    makeTree(`${directory.path}/episode`, [{ path: "a", type: "file", content: META }], undefined);
    Deno.removeSync(`${directory.path}/episode/meta.json`);
    await assertRefused(directory.path, "no-meta", /meta\.json is not there/);
  });
  await t.step("a directory", async () => {
    using directory = new TestDirectory();
    Deno.mkdirSync(`${directory.path}/episode/meta.json`, { recursive: true });
    await assertRefused(directory.path, "no-meta", /meta\.json is a directory/);
  });
  await t.step("a link", async () => {
    using directory = new TestDirectory();
    makeTree(`${directory.path}/episode`, [{ path: "real", type: "file", content: META }]);
    Deno.removeSync(`${directory.path}/episode/meta.json`);
    Deno.symlinkSync("real", `${directory.path}/episode/meta.json`);
    await assertRefused(directory.path, "no-meta", /meta\.json is a symlink/);
  });
});

Deno.test("a partial that is there already is neither overwritten nor removed", async () => {
  using directory = new TestDirectory();
  makeTree(`${directory.path}/episode`, []);
  Deno.writeTextFileSync(`${directory.path}/x.tar.zst.partial`, "another's");
  await assert.rejects(packInto(directory.path), { name: "FsError", code: "exists" });
  assert.equal(Deno.readTextFileSync(`${directory.path}/x.tar.zst.partial`), "another's");
});

Deno.test("an aborted pack rejects with the reason and leaves no partial", async () => {
  using directory = new TestDirectory();
  makeTree(`${directory.path}/episode`, [
    { path: "big", type: "file", content: new Uint8Array(3 * 1024 * 1024) },
  ]);
  const abort = new AbortController();
  const reason = new Error("stopping");
  const packing = packInto(directory.path, {
    signal: abort.signal,
    onProgress: () => abort.abort(reason),
  });
  await assert.rejects(packing, reason);
  assert.deepEqual(namesIn(directory.path), ["episode"]);
});
