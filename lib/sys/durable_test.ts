import assert from "node:assert/strict";
import {
  createSynced,
  ensureDirDurably,
  findFile,
  linkIfAbsent,
  OddFileError,
  removeTree,
  renameDurably,
  unlinkDurably,
  writeFileDurably,
} from "./durable.ts";
import { isFsError } from "./fs.ts";
import { plainFs } from "./fs_plain.ts";
import { ModelFs } from "../../tests/model/filesystem.ts";

const OLD = new TextEncoder().encode("old");
const NEW = new TextEncoder().encode("the new content");

async function withDirectory(use: (directory: string) => Promise<void>): Promise<void> {
  const directory = await Deno.makeTempDir({ prefix: "cis490-durable-" });
  try {
    await use(directory);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

/** A model with /d on its disk, whose every unsynced change is lost at a cut. */
async function modelled(): Promise<ModelFs> {
  const fs = new ModelFs(1_800_000_000_000_000_000n);
  await fs.mkdir("/d");
  fs.syncAll();
  return fs;
}

const loseAll = () => 0.999;

Deno.test("a written file, a link, a move and a removal hold through a power cut", async () => {
  const fs = await modelled();
  await writeFileDurably(fs, "/d/a", OLD);
  fs.cutPower(loseAll);
  assert.deepEqual(findFile(fs, "/d/a", 100), OLD);

  await writeFileDurably(fs, "/d/a", NEW);
  fs.cutPower(loseAll);
  assert.deepEqual(findFile(fs, "/d/a", 100), NEW);

  assert.equal(await linkIfAbsent(fs, "/d/a", "/d/b"), "linked");
  assert.equal(await linkIfAbsent(fs, "/d/a", "/d/b"), "taken");
  fs.cutPower(loseAll);
  assert.deepEqual(findFile(fs, "/d/b", 100), NEW);

  await ensureDirDurably(fs, "/d/x/y");
  await ensureDirDurably(fs, "/d/x/y");
  await renameDurably(fs, "/d/b", "/d/x/y/c");
  assert.equal(await unlinkDurably(fs, "/d/a"), true);
  assert.equal(await unlinkDurably(fs, "/d/a"), false);
  fs.cutPower(loseAll);
  assert.deepEqual([...fs.snapshot().keys()], ["/d", "/d/x", "/d/x/y", "/d/x/y/c"]);
});

Deno.test("a name that a killed process linked is made durable by who finds it taken", async () => {
  const fs = await modelled();
  await createSynced(fs, "/d/a", NEW);
  await fs.link("/d/a", "/d/b");
  assert.equal(await linkIfAbsent(fs, "/d/a", "/d/b"), "taken");
  fs.cutPower(loseAll);
  assert.deepEqual(findFile(fs, "/d/b", 100), NEW);
});

Deno.test("a failed write leaves the old file, and nothing new", async () => {
  let failing = "";
  const fs = new ModelFs(1n, (operation) => {
    if (operation === failing) throw new Error("as if the disk failed");
    return undefined;
  });
  await fs.mkdir("/d");
  await writeFileDurably(fs, "/d/a", OLD);
  for (failing of ["write", "sync", "rename"]) {
    await assert.rejects(writeFileDurably(fs, "/d/a", NEW), /disk failed/);
    assert.deepEqual([...fs.snapshot().keys()], ["/d", "/d/a"], failing);
    assert.deepEqual(findFile(fs, "/d/a", 100), OLD);
  }
});

Deno.test("a new file has the mode that was asked for, whatever the umask", async () => {
  await withDirectory(async (directory) => {
    const path = `${directory}/a`;
    await Deno.writeTextFile(`${path}.new`, "a killed writer's");
    await writeFileDurably(plainFs(), path, NEW, { mode: 0o666 });
    assert.equal((await Deno.stat(path)).mode! & 0o777, 0o666);
    await assert.rejects(
      createSynced(plainFs(), path, OLD),
      (error) => isFsError(error, "exists"),
    );
    assert.deepEqual(findFile(plainFs(), path, 100), NEW);
  });
});

Deno.test("a tree is removed with its closed directories, and no link is followed", async () => {
  await withDirectory(async (directory) => {
    await Deno.mkdir(`${directory}/tree/closed`, { recursive: true });
    await Deno.writeTextFile(`${directory}/tree/closed/a`, "a");
    await Deno.writeTextFile(`${directory}/kept`, "kept");
    await Deno.symlink(directory, `${directory}/tree/link`);
    await Deno.chmod(`${directory}/tree/closed`, 0o500);
    await removeTree(plainFs(), `${directory}/tree`);
    await removeTree(plainFs(), `${directory}/tree`);
    assert.deepEqual(Array.from(Deno.readDirSync(directory), ({ name }) => name), ["kept"]);
  });
});

Deno.test("a file is read only when it is one, and not too large", async () => {
  await withDirectory((directory) => {
    Deno.writeTextFileSync(`${directory}/a`, "12345");
    assert.equal(findFile(plainFs(), `${directory}/none`, 10), undefined);
    assert.throws(() => findFile(plainFs(), `${directory}/a`, 4), OddFileError);
    assert.throws(() => findFile(plainFs(), directory, 4), OddFileError);
    return Promise.resolve();
  });
});
