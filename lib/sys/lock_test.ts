import assert from "node:assert/strict";
import { needs } from "../../tests/skip.ts";
import { Libc } from "./libc.ts";
import { fileLocks } from "./lock.ts";

const libc = new Libc();
/** The earlier holder releases between our open and our flock, as often as `races` says. */
class Racing extends Libc {
  races = 0;
  override tryLock(fd: number, name: string): boolean {
    if (this.races-- > 0) this.unlink(name);
    return super.tryLock(fd, name);
  }
}
const racing = new Racing();
/** Something happens between our open and our first flock. */
class Late extends Libc {
  before: (() => void) | undefined;
  override tryLock(fd: number, name: string): boolean {
    this.before?.();
    this.before = undefined;
    return super.tryLock(fd, name);
  }
}
const late = new Late();

async function inDirectory(test: (path: string) => Promise<void> | void): Promise<void> {
  const directory = await Deno.makeTempDir();
  try {
    await test(`${directory}/lock`);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

function names(path: string): string[] {
  return Array.from(Deno.readDirSync(path.replace(/\/lock$/, "")), ({ name }) => name);
}

Deno.test("a lock that is held is not given again, and is given when it is free", () =>
  inDirectory((path) => {
    const locks = fileLocks(libc);
    const first = locks.tryLock(path);
    assert.equal(locks.tryLock(path), undefined);
    first?.release();
    first?.release();
    const second = locks.tryLock(path);
    assert.notEqual(second, undefined);
    second?.release();
  }));

Deno.test("who holds it stands in the file", () =>
  inDirectory((path) => {
    const lock = fileLocks(libc).tryLock(path);
    lock?.write("a longer one\n");
    lock?.write("42\n");
    assert.equal(Deno.readTextFileSync(path), "42\n");
    lock?.release();
  }));

Deno.test("with remove, no file is left", () =>
  inDirectory((path) => {
    fileLocks(libc).tryLock(path, { remove: true })?.release();
    assert.deepEqual(names(path), []);
  }));

Deno.test("a lock that moves gives its old name free, holds its new one, and takes none that is there", () =>
  inDirectory((path) => {
    const locks = fileLocks(libc);
    const moving = locks.tryLock(path, { remove: true });
    assert.equal(moving?.moveTo(`${path}-2`), true);
    assert.equal(locks.tryLock(`${path}-2`), undefined);
    const other = locks.tryLock(path, { remove: true });
    assert.notEqual(other, undefined);
    assert.equal(moving?.moveTo(path), false);
    moving?.release();
    other?.release();
    assert.deepEqual(names(path), []);
  }));

Deno.test("a lock that moves away between another's open and flock is not given by its old name", () =>
  inDirectory((path) => {
    const moving = fileLocks(libc).tryLock(path, { remove: true });
    late.before = () => {
      moving?.moveTo(`${path}-2`);
      moving?.release();
    };
    const lock = fileLocks(late).tryLock(path, { remove: true });
    assert.notEqual(lock, undefined);
    assert.deepEqual(names(path), ["lock"]);
    lock?.release();
  }));

Deno.test("a lock on a file that lost its name meanwhile counts for nothing: another one is made", () =>
  inDirectory((path) => {
    racing.races = 3;
    const lock = fileLocks(racing).tryLock(path, { remove: true });
    assert.notEqual(lock, undefined);
    assert.equal(racing.races, -1);
    assert.equal(fileLocks(libc).tryLock(path), undefined, "it is the lock of that name");
    lock?.release();
    assert.deepEqual(names(path), []);
  }));

Deno.test("releasing leaves alone a file that is not the one that was locked", () =>
  inDirectory((path) => {
    const lock = fileLocks(libc).tryLock(path, { remove: true });
    Deno.removeSync(path);
    Deno.writeTextFileSync(path, "another's");
    lock?.release();
    assert.deepEqual(names(path), ["lock"]);
  }));

Deno.test("a killed process leaves no lock behind", () =>
  inDirectory(async (path) => {
    const code = `
      import { Libc } from "${import.meta.resolve("./libc.ts")}";
      import { fileLocks } from "${import.meta.resolve("./lock.ts")}";
      fileLocks(new Libc()).tryLock(${JSON.stringify(path)});
      console.log("held");
      await new Promise((done) => setTimeout(done, 30_000));`;
    const child = new Deno.Command(Deno.execPath(), {
      args: ["eval", code],
      stdout: "piped",
    }).spawn();
    const reader = child.stdout.getReader();
    await reader.read();
    const locks = fileLocks(libc);
    assert.equal(locks.tryLock(path), undefined);
    child.kill("SIGKILL");
    await reader.cancel();
    await child.status;
    const lock = locks.tryLock(path);
    assert.notEqual(lock, undefined);
    lock?.release();
  }));

Deno.test("a lock is free the moment it is released, also while another thread starts programs", async () => {
  const locks = fileLocks(libc);
  const path = await Deno.makeTempFile();
  const source =
    `for (let at = 0; at < 100; at++) await new Deno.Command("true").output(); postMessage("done");`;
  const starter = new Worker(`data:application/javascript,${encodeURIComponent(source)}`, {
    type: "module",
  });
  let busy = true;
  starter.onmessage = () => busy = false;
  let refused = 0;
  while (busy) {
    for (let at = 0; at < 100; at++) {
      const lock = locks.tryLock(path);
      if (lock === undefined) refused++;
      lock?.release();
    }
    await new Promise((done) => setTimeout(done, 0));
  }
  starter.terminate();
  assert.equal(refused, 0);
});

Deno.test({
  ...needs("a lock that root makes for a service is the service's from its first moment", {
    root: true,
  }),
  fn: () =>
    inDirectory((path) => {
      const directory = path.replace(/\/lock$/, "");
      Deno.chownSync(directory, 65534, 65534);
      const lock = fileLocks(libc, { uid: 65534, gid: 65534 }).tryLock(path);
      assert.deepEqual([Deno.statSync(path).uid, Deno.statSync(path).gid], [65534, 65534]);
      lock?.release();
      // Root is itself again.
      Deno.writeTextFileSync(`${directory}/after`, "");
      assert.equal(Deno.statSync(`${directory}/after`).uid, 0);
    }),
});
