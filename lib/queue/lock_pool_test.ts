import assert from "node:assert/strict";
import { findEpisodeId } from "../episode/mod.ts";
import { fileLocks, Libc } from "../sys/mod.ts";
import { layoutOf } from "./layout.ts";
import { LockPool, tryLockEpisode } from "./queue.ts";

const locks = fileLocks(new Libc());

function id(text: string) {
  const found = findEpisodeId(text);
  assert(found);
  return found;
}

Deno.test("a pool takes the locks of many by one file, takes none that another holds, and leaves none", async () => {
  const dataDir = await Deno.makeTempDir();
  try {
    const layout = layoutOf(dataDir);
    await Deno.mkdir(layout.locks);
    const names = () => Array.from(Deno.readDirSync(layout.locks), ({ name }) => name).sort();
    const queue = { locks, layout };
    const pool = new LockPool(queue);
    const first = pool.tryLock(id("a"));
    assert(first);
    assert.equal(tryLockEpisode(queue, id("a")), undefined);
    pool.giveBack(first);
    assert.equal(pool.tryLock(id("b")), first);
    assert.deepEqual(names(), ["b"]);
    tryLockEpisode(queue, id("a"))?.release();
    pool.giveBack(first);

    const others = tryLockEpisode(queue, id("c"));
    assert.equal(pool.tryLock(id("c")), undefined);
    assert.deepEqual(names(), ["c"]);
    others?.release();
    const last = pool.tryLock(id("c"));
    assert(last);
    pool.giveBack(last);
    pool.close();
    assert.deepEqual(names(), []);
  } finally {
    await Deno.remove(dataDir, { recursive: true });
  }
});
