/** Episodes at the ends of what is usual: very many files, and one that is larger than 8 GiB. */
import assert from "node:assert/strict";
import { createVerifier, pack, type PackFs, type Verified } from "../../lib/archive/mod.ts";
import { needs } from "../skip.ts";
import { makeTree, type Planned, realFs, run, snapshot, TestDirectory } from "./tree.ts";
import { unpack } from "./tree.ts";

async function verify(archive: string): Promise<Verified> {
  const verifier = createVerifier({
    maxArchiveBytes: 1e12,
    maxUnpackedBytes: 1e12,
    maxEntries: 100_000,
    maxPathBytes: 4096,
  });
  using file = Deno.openSync(archive);
  const buffer = new Uint8Array(256 * 1024);
  for (let got; (got = await file.read(buffer)) !== null;) {
    await verifier.write(buffer.subarray(0, got));
  }
  return await verifier.end();
}

Deno.test({
  ...needs("10,000 files in one episode are kept exactly", { commands: ["zstd"] }),
  fn: async () => {
    using directory = new TestDirectory();
    const plan: Planned[] = [];
    for (let at = 0; at < 10_000; at++) {
      if (at % 1000 === 0) plan.push({ path: `d${at / 1000}`, type: "directory" });
      const path = `d${Math.floor(at / 1000)}/${at % 3 === 0 ? "é " : ""}${at}.json`;
      plan.push({
        path,
        type: "file",
        content: `{"at":${at}}\n`.repeat(at % 50),
        mtimeNs: BigInt(at),
      });
    }
    const episodePath = `${directory.path}/episode`;
    const archive = `${directory.path}/x.tar.zst`;
    makeTree(episodePath, plan);
    const packed = await pack(realFs, { episodePath, partialPath: archive, level: 3 });
    assert.equal(packed.entries, 10_011);
    const verified = await verify(archive);
    assert.equal(verified.episodeDigest, packed.episodeDigest);
    assert.equal(verified.entries, packed.entries);
    await unpack("tar", archive, `${directory.path}/restored`);
    assert.deepEqual(snapshot(`${directory.path}/restored`), snapshot(episodePath));
  },
});

/** The kernel takes 2 ms for every MiB of a hole; a test that reads 8 GiB of them fills the zeros in itself. */
const fastHoles: PackFs = {
  ...realFs,
  openRead(path) {
    const file = realFs.openRead(path);
    if (!path.endsWith("/memory.img")) return file;
    let left = file.stat().sizeBytes;
    const read = (into: Uint8Array) => {
      const got = Math.min(into.byteLength, left);
      into.fill(0, 0, got);
      left -= got;
      return got;
    };
    return { ...file, read };
  },
};

Deno.test({
  ...needs("a sparse file of more than 8 GiB is kept, its holes as zeros", {
    commands: ["zstd", "bsdtar"],
  }),
  fn: async () => {
    using directory = new TestDirectory();
    const episodePath = `${directory.path}/episode`;
    const archive = `${directory.path}/x.tar.zst`;
    const sizeBytes = 8 ** 11 + 1;
    makeTree(episodePath, [{ path: "memory.img", type: "file", content: "" }]);
    Deno.truncateSync(`${episodePath}/memory.img`, sizeBytes);
    const packed = await pack(fastHoles, { episodePath, partialPath: archive, level: 1 });
    assert(packed.archiveBytes < 2_000_000, `${packed.archiveBytes}`);
    const list = (program: string) =>
      run("sh", "-c", 'zstd -dc "$1" | "$0" -tvf -', program, archive);
    const [verified, ...lists] = await Promise.all([
      verify(archive),
      list("tar"),
      list("bsdtar"),
    ]);
    assert.equal(verified.episodeDigest, packed.episodeDigest);
    for (const lines of lists) assert.match(lines, / 8589934593 .*memory\.img/);
  },
});
