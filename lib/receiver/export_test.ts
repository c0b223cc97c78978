import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { concat, END, file, header, zstd } from "../../tests/archive/tar.ts";
import { realTreeFs, STAMP, TestDirectory } from "../../tests/archive/tree.ts";
import { HOST, ID, receiptFor } from "../../tests/contract/store.ts";
import { type Digest, digestOfBytes } from "../episode/mod.ts";
import { isFsError } from "../sys/mod.ts";
import type { Receipt } from "../wire/mod.ts";
import { exportEpisode } from "./export.ts";
import { StoreError } from "./store_error.ts";
import type { Reading } from "./store.ts";

const META = file("meta.json", JSON.stringify({ code_version: { commit: STAMP } }));
const GOOD = concat(
  ...META,
  header({ name: "empty/", type: "5", mode: 0o751, mtime: 1_600_000_000 }),
  ...file("noise.bin", "0123456789".repeat(60), { mode: 0o640 }),
  header({ name: "to", type: "2", linkname: "noise.bin", mode: 0o777 }),
  END,
);

function digest(bytes: Uint8Array): Digest {
  return digestOfBytes(createHash("sha256").update(bytes).digest());
}

/** What the store would have written, had it taken this tar stream. */
function receiptOf(tar: Uint8Array, archive: Uint8Array, entries = 4): Receipt {
  return {
    ...receiptFor(archive, ID),
    episode_digest: digest(tar),
    tar_bytes: tar.byteLength,
    entries,
  };
}

/** A store with one archive, whatever its bytes are. */
function storeOf(bytes: Uint8Array) {
  return {
    openArchive(): Reading {
      let at = 0;
      return {
        read(into) {
          const part = bytes.subarray(at, at + into.byteLength);
          into.set(part);
          at += part.byteLength;
          return part.byteLength;
        },
        close() {},
      };
    },
  };
}

const fs = realTreeFs;

function namesIn(directory: string): string[] {
  return [...Deno.readDirSync(directory)].map(({ name }) => name).sort();
}

function isDamaged(error: unknown): boolean {
  return error instanceof StoreError && error.code === "damaged" &&
    error.subject === `${HOST}/${ID}`;
}

Deno.test("an episode is unpacked as it was, and nothing else is left", async () => {
  using directory = new TestDirectory();
  const archive = zstd(GOOD);
  const steps: number[] = [];
  await exportEpisode(
    { store: storeOf(archive), fs },
    receiptOf(GOOD, archive),
    `${directory.path}/out`,
    (bytes) => steps.push(bytes),
  );
  assert.deepEqual(namesIn(directory.path), ["out"]);
  const names = namesIn(`${directory.path}/out`);
  assert.deepEqual(names, ["empty", "meta.json", "noise.bin", "to"]);
  assert.equal(Deno.readLinkSync(`${directory.path}/out/to`), "noise.bin");
  const empty = fs.lstat(`${directory.path}/out/empty`);
  assert.equal(empty.mode, 0o751);
  assert.equal(empty.mtimeNs, 1_600_000_000_000_000_000n);
  assert.equal(steps.at(-1), archive.byteLength);
});

Deno.test("a byte that the disk has changed is found wherever it is, and nothing is left", async () => {
  const archive = zstd(GOOD);
  const receipt = receiptOf(GOOD, archive);
  for (let at = 0; at < archive.byteLength; at++) {
    using directory = new TestDirectory();
    const rotten = archive.slice();
    rotten[at] = (rotten[at] ?? 0) ^ 0x10;
    const store = storeOf(rotten);
    await assert.rejects(
      exportEpisode({ store, fs }, receipt, `${directory.path}/out`),
      isDamaged,
      `byte ${at}`,
    );
    assert.deepEqual(namesIn(directory.path), [], `byte ${at}`);
  }
  for (const length of [0, 1, archive.byteLength - 1]) {
    using directory = new TestDirectory();
    const store = storeOf(archive.subarray(0, length));
    await assert.rejects(
      exportEpisode({ store, fs }, receipt, `${directory.path}/out`),
      isDamaged,
      `${length} bytes`,
    );
    assert.deepEqual(namesIn(directory.path), []);
  }
});

const ESCAPES: Readonly<Record<string, readonly Uint8Array[]>> = {
  "a path that goes up": file("../out-of-it", "x"),
  "an absolute path": file("/tmp/cis490-out-of-it", "x"),
  "a link that leaves": [header({ name: "up", type: "2", linkname: "../..", mode: 0o777 })],
  "a path through a link": [
    header({ name: "door", type: "2", linkname: ".", mode: 0o777 }),
    ...file("door/x", "x"),
  ],
  "a name twice": [...file("n", "1"), ...file("n", "2")],
};

for (const [words, entries] of Object.entries(ESCAPES)) {
  Deno.test(`even with a receipt, ${words} is not unpacked`, async () => {
    using directory = new TestDirectory();
    Deno.mkdirSync(`${directory.path}/inner`);
    const tar = concat(...META, ...entries, END);
    const archive = zstd(tar);
    await assert.rejects(
      exportEpisode(
        { store: storeOf(archive), fs },
        receiptOf(tar, archive, 9),
        `${directory.path}/inner/out`,
      ),
      isDamaged,
    );
    assert.deepEqual(namesIn(directory.path), ["inner"]);
    assert.deepEqual(namesIn(`${directory.path}/inner`), []);
  });
}

Deno.test("what is there is not touched: the target, an earlier export's rest, one made meanwhile", async () => {
  using directory = new TestDirectory();
  const archive = zstd(GOOD);
  const receipt = receiptOf(GOOD, archive);
  const out = `${directory.path}/out`;
  const isTaken = (error: unknown) => error instanceof StoreError && error.code === "taken";
  const run = (target: string, during = () => {}) =>
    exportEpisode({ store: storeOf(archive), fs }, receipt, target, during);

  Deno.mkdirSync(out);
  await assert.rejects(run(out), isTaken, "an empty directory");
  Deno.removeSync(out);
  Deno.symlinkSync("nowhere", out);
  await assert.rejects(run(out), isTaken, "a link to nothing");
  Deno.removeSync(out);
  await assert.rejects(run(out, () => Deno.mkdirSync(out)), isTaken);
  assert.deepEqual(namesIn(out), [], "the one made meanwhile");
  Deno.removeSync(out);
  Deno.mkdirSync(`${out}.partial`);
  await assert.rejects(run(out), isTaken, "an earlier one's rest");
  assert.deepEqual(namesIn(directory.path), ["out.partial"]);
  await assert.rejects(
    run(`${directory.path}/no/out`),
    (error) => error instanceof StoreError && error.code === "no-directory",
  );
});

Deno.test("a disk that fills up on the way is told as that, and what was written is removed", async () => {
  using directory = new TestDirectory();
  const archive = zstd(GOOD);
  const full = {
    ...fs,
    create: async (path: string, mode?: number) => {
      const handle = await fs.create(path, mode);
      if (!path.endsWith("noise.bin")) return handle;
      handle.close();
      // The kernel's own file that is always full.
      return fs.openWrite("/dev/full");
    },
  };
  await assert.rejects(
    exportEpisode(
      { store: storeOf(archive), fs: full },
      receiptOf(GOOD, archive),
      `${directory.path}/out`,
    ),
    (error) => isFsError(error, "full"),
  );
  assert.deepEqual(namesIn(directory.path), []);
});
