import assert from "node:assert/strict";
import { blockingFs, exactFs } from "./fs_exact.ts";
import { plainFs } from "./fs_plain.ts";
import { isFsError, type PlainFs } from "./fs.ts";
import { Libc } from "./libc.ts";

const libc = new Libc();
const exact = exactFs(libc);

/** All file systems keep the promises of {@link PlainFs}. */
function forAll(name: string, test: (fs: PlainFs, directory: string) => Promise<void>): void {
  for (
    const [which, fs] of Object.entries({ plain: plainFs(), exact, blocking: blockingFs(libc) })
  ) {
    Deno.test(`${name} (${which})`, async () => {
      const directory = Deno.makeTempDirSync({ prefix: "cis490-fs-" });
      try {
        await test(fs, directory);
      } finally {
        Deno.removeSync(directory, { recursive: true });
      }
    });
  }
}

forAll("a file is created once, written, synced and read back", async (fs, directory) => {
  const path = `${directory}/f`;
  const file = await fs.create(path);
  await file.write(new TextEncoder().encode("0123"));
  await file.write(new TextEncoder().encode("4567"));
  await file.seek(2);
  await file.write(new TextEncoder().encode("xx"));
  await file.truncate(6);
  await file.sync();
  file.close();
  await fs.syncDir(directory);
  assert.equal(Deno.readTextFileSync(path), "01xx45");
  assert.equal(fs.lstat(path).mode, 0o600);
  await assert.rejects(fs.create(path), { name: "FsError", code: "exists" });

  const reader = fs.openRead(path);
  const into = new Uint8Array(4);
  assert.equal(reader.read(into), 4);
  assert.equal(reader.read(into), 2);
  assert.equal(reader.read(into), 0);
  assert.equal(reader.stat().inode, fs.lstat(path).inode);
  reader.close();
});

forAll("an existing file is opened at its start", async (fs, directory) => {
  Deno.writeTextFileSync(`${directory}/f`, "old and long");
  const file = await fs.openWrite(`${directory}/f`);
  await file.write(new TextEncoder().encode("new"));
  file.close();
  assert.equal(Deno.readTextFileSync(`${directory}/f`), "new and long");
  await assert.rejects(fs.openWrite(`${directory}/none`), { code: "gone" });
});

forAll("rename replaces, link does not", async (fs, directory) => {
  Deno.writeTextFileSync(`${directory}/a`, "a");
  Deno.writeTextFileSync(`${directory}/b`, "b");
  await assert.rejects(fs.link(`${directory}/a`, `${directory}/b`), { code: "exists" });
  await fs.link(`${directory}/a`, `${directory}/c`);
  await fs.rename(`${directory}/a`, `${directory}/b`);
  assert.equal(Deno.readTextFileSync(`${directory}/b`), "a");
  assert.deepEqual(fs.list(directory).map(({ name }) => name).sort(), ["b", "c"]);
});

forAll("unlink takes no directory, and rmdir nothing else", async (fs, directory) => {
  await fs.mkdir(`${directory}/d`);
  Deno.writeTextFileSync(`${directory}/f`, "");
  Deno.symlinkSync("d", `${directory}/l`);
  await assert.rejects(fs.unlink(`${directory}/d`), { code: "is-a-directory" });
  await assert.rejects(fs.rmdir(`${directory}/f`), { code: "not-a-directory" });
  await assert.rejects(fs.rmdir(`${directory}/l`), { code: "not-a-directory" });
  assert.equal(fs.list(directory).length, 3);
  Deno.writeTextFileSync(`${directory}/d/f`, "");
  await assert.rejects(fs.rmdir(`${directory}/d`), { code: "not-empty" });
  await fs.unlink(`${directory}/d/f`);
  await fs.unlink(`${directory}/l`);
  await fs.unlink(`${directory}/f`);
  await fs.rmdir(`${directory}/d`);
  assert.deepEqual(fs.list(directory), []);
  await assert.rejects(fs.unlink(`${directory}/f`), { code: "gone" });
  await assert.rejects(fs.rmdir(`${directory}/d`), { code: "gone" });
});

forAll("modes are as asked for", async (fs, directory) => {
  await fs.mkdir(`${directory}/d`);
  assert.equal(fs.lstat(`${directory}/d`).mode, 0o700);
  await fs.chmod(`${directory}/d`, 0o750);
  assert.equal(fs.lstat(`${directory}/d`).mode, 0o750);
  await assert.rejects(fs.mkdir(`${directory}/d`), { code: "exists" });
});

forAll("free space is what statfs tells", (fs, directory) => {
  const { freeBytes, totalBytes } = fs.space(directory);
  assert(freeBytes > 0 && freeBytes <= totalBytes);
  return Promise.resolve();
});

forAll("looking tells a link from what it points at", (fs, directory) => {
  Deno.symlinkSync("ziel ü", `${directory}/l`);
  assert.equal(fs.lstat(`${directory}/l`).type, "symlink");
  assert.equal(new TextDecoder().decode(fs.readLink(`${directory}/l`)), "ziel ü");
  assert.throws(() => fs.readLink(directory), (error) => isFsError(error));
  return Promise.resolve();
});

forAll("a full disk is full, a missing file gone, a file no directory", async (fs, directory) => {
  const full = await fs.openWrite("/dev/full");
  await assert.rejects(full.write(new Uint8Array(10)), { code: "full", errno: "ENOSPC" });
  full.close();
  assert.throws(() => fs.lstat(`${directory}/none`), { code: "gone" });
  assert.equal(fs.findStat(`${directory}/none`), undefined);
  assert.throws(() => fs.list(`${directory}/none`), { code: "gone" });
  assert.throws(() => fs.openRead(`${directory}/none`), { code: "gone" });
  Deno.writeTextFileSync(`${directory}/f`, "");
  assert.throws(() => fs.list(`${directory}/f`), { code: "not-a-directory" });
  assert.throws(() => fs.lstat(`${directory}/f/x`), { code: "not-a-directory" });
  assert.throws(() => fs.findStat(`${directory}/f/x`), { code: "not-a-directory" });
  assert.deepEqual(fs.findStat(`${directory}/f`), fs.lstat(`${directory}/f`));
  await assert.rejects(fs.create(`${directory}/${"x".repeat(300)}`), { code: "name-too-long" });
});

Deno.test("only the exact file system sees nanoseconds and every name", () => {
  const directory = Deno.makeTempDirSync({ prefix: "cis490-fs-" });
  try {
    const script = 'touch "$0/$(printf "x\\377")"; touch -d @1.123456789 "$0"';
    new Deno.Command("sh", { args: ["-c", script, directory] }).outputSync();
    assert.equal(exact.list(directory).length, 1);
    assert.equal(exact.lstat(directory).mtimeNs, 1_123_456_789n);
    assert.equal(plainFs().list(directory).length, 0);
  } finally {
    new Deno.Command("rm", { args: ["-rf", directory] }).outputSync();
  }
});

Deno.test("a rename that must not replace does not", async () => {
  const directory = Deno.makeTempDirSync({ prefix: "cis490-fs-" });
  try {
    await exact.mkdir(`${directory}/a`);
    await exact.mkdir(`${directory}/b`);
    await assert.rejects(exact.renameNoReplace(`${directory}/a`, `${directory}/b`), {
      code: "exists",
    });
    await exact.renameNoReplace(`${directory}/a`, `${directory}/c`);
    assert.equal(exact.lstat(`${directory}/c`).type, "directory");
  } finally {
    Deno.removeSync(directory, { recursive: true });
  }
});
