/** A name that nothing can be done about costs its own episode's turn, and no other's. */
import assert from "node:assert/strict";
import { FsError } from "../../lib/sys/mod.ts";
import { Lab, refusal } from "./lab.ts";

Deno.test("what has the name of a lock file and is none holds up its own episode alone", async () => {
  await using lab = await Lab.open();
  await Deno.mkdir(`${lab.dir}/.locks/a`);
  await Deno.symlink("nowhere", `${lab.dir}/.locks/b`);
  for (const id of ["a", "b", "c"]) await lab.record(id);
  const { counts } = await lab.pass();
  assert.deepEqual([counts.shipped, counts.stuck + counts.waiting], [1, 2]);
  assert.deepEqual(lab.existing("shipped/c/episode"), ["shipped/c/episode"]);
  for (const id of ["a", "b"]) await Deno.remove(`${lab.dir}/.locks/${id}`);
  lab.clock.movedMs += 3_600_000;
  assert.equal((await lab.pass()).counts.shipped, 2);
  assert.deepEqual(lab.faults(), []);
});

Deno.test("an episode whose directory the disk does not give holds up no other", async () => {
  let isBroken = false;
  const isBad = (path: string) => isBroken && /episodes\/bad(\/|$)/.test(path);
  await using lab = await Lab.open({
    wrap: (fs) => ({
      ...fs,
      lstat: (path) => isBad(path) ? fail(path) : fs.lstat(path),
      findStat: (path) => isBad(path) ? fail(path) : fs.findStat(path),
    }),
  });
  for (const id of ["bad", "good"]) await lab.record(id);
  await Deno.writeTextFile(`${lab.dir}/outbox/bad.json.new`, "");
  isBroken = true;
  const { counts } = await lab.pass();
  assert.deepEqual([counts.shipped, counts.stuck], [1, 1]);
  isBroken = false;
  lab.clock.movedMs += 3_600_000;
  assert.equal((await lab.pass()).counts.shipped, 1);
  assert.deepEqual(lab.faults(), []);
});

function fail(path: string): never {
  throw new FsError("statx", path, "EUCLEAN");
}

Deno.test("an archive that can't be given up for its place keeps nobody else from being shipped", async () => {
  let isBroken = false;
  await using lab = await Lab.open({
    uploads: 1,
    outboxAhead: 1,
    wrap: (fs) => ({
      ...fs,
      unlink: (path) =>
        isBroken && /slow-\d\.tar\.zst$/.test(path)
          ? Promise.reject(new FsError("unlink", path, "EIO"))
          : fs.unlink(path),
    }),
  });
  lab.receiver.answer = ({ id }) => id.startsWith("slow") ? refusal("commit-unknown") : undefined;
  const slow = ["slow-1", "slow-2", "slow-3"];
  for (const id of slow) await lab.record(id);
  await lab.pass();
  const archives = slow.map((id) => `outbox/${id}.tar.zst`);
  assert.deepEqual(lab.existing(...archives), archives, "every place is taken");
  isBroken = true;
  await lab.record("other");
  const { counts } = await lab.pass();
  assert.deepEqual([counts.shipped, counts.stuck], [1, 0]);
  assert.deepEqual(lab.existing("shipped/other/episode"), ["shipped/other/episode"]);
  assert.deepEqual(lab.existing(...archives), archives);
});
