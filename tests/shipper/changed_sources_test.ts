/**
 * An episode that is another one than before, at each moment of its way, with times that tell nothing: what is retired is
 * always what the receiver has, and the other one is never lost.
 */
import assert from "node:assert/strict";
import { pack } from "../../lib/archive/mod.ts";
import { exactFs } from "../../lib/sys/mod.ts";
import { contentOf } from "../queue/checker.ts";
import { idOf, Lab, libc, unreachable } from "./lab.ts";

/** Of every file, before and after. */
const OLD = new Date("2020-01-02T03:04:05Z");
const FILES = ["meta.json", "telemetry.jsonl"];

function makeOld(path: string): void {
  for (const name of ["", ...FILES]) Deno.utimeSync(`${path}/${name}`, OLD, OLD);
}

/** Other bytes of the same length. */
function otherBytes(path: string): void {
  const text = Deno.readTextFileSync(path);
  Deno.writeTextFileSync(path, text.replace("of", "OF"));
}

const CHANGES: Readonly<Record<string, (lab: Lab, path: string) => void>> = {
  "replaced by mv": (lab, path) => {
    const other = `${lab.dir}/episodes/.other`;
    Deno.mkdirSync(other);
    for (const name of FILES) Deno.copyFileSync(`${path}/${name}`, `${other}/${name}`);
    otherBytes(`${other}/telemetry.jsonl`);
    makeOld(other);
    Deno.removeSync(path, { recursive: true });
    Deno.renameSync(other, path);
  },
  "written over as rsync -a does": (_lab, path) => {
    const fresh = `${path}/.telemetry.jsonl.x`;
    Deno.copyFileSync(`${path}/telemetry.jsonl`, fresh);
    otherBytes(fresh);
    Deno.renameSync(fresh, `${path}/telemetry.jsonl`);
    makeOld(path);
  },
  "written to in place, its times set back": (_lab, path) => {
    otherBytes(`${path}/telemetry.jsonl`);
    makeOld(path);
  },
};

/** Each has `change` called once, at its moment. */
const MOMENTS: Readonly<Record<string, (lab: Lab, change: () => void) => Promise<void>>> = {
  "while it is packed": async (lab, change) => {
    lab.beforePack = () => {
      lab.beforePack = () => {};
      change();
    };
    await lab.pass();
  },
  "while it waits": async (lab, change) => {
    lab.receiver.answer = () => unreachable;
    await lab.pass();
    lab.receiver.answer = () => undefined;
    change();
    await lab.restart();
    await lab.pass();
  },
  "while it is sent": async (lab, change) => {
    let isFirst = true;
    lab.receiver.answer = () => {
      if (isFirst) change();
      isFirst = false;
      return undefined;
    };
    await lab.pass();
  },
};

for (const [moment, at] of Object.entries(MOMENTS)) {
  for (const [what, change] of Object.entries(CHANGES)) {
    Deno.test(`${what} ${moment}: what is retired is what the receiver has`, async () => {
      await using lab = await Lab.open();
      const path = await lab.record("a");
      makeOld(path);
      await at(lab, () => {
        change(lab, path);
        lab.recorded.set("a", contentOf(path));
      });
      for (let pass = 0; pass < 3; pass++) await lab.pass();
      assert.deepEqual(lab.faults(), []);
      const retired = `${lab.dir}/shipped/a/episode`;
      if (moment === "while it is sent") {
        // The receiver has the first one, so the second one can't be stored under that name.
        assert.deepEqual(lab.existing("shipped/a/episode", "quarantine/a/episode"), [
          "quarantine/a/episode",
        ]);
        return;
      }
      assert.deepEqual(lab.existing("shipped/a/episode"), ["shipped/a/episode"]);
      const partialPath = `${lab.dir}/again.tar.zst`;
      const job = { episodePath: retired, partialPath, level: 1 };
      const { episodeDigest } = await pack(exactFs(libc), job);
      assert.equal(lab.receiver.store.get(idOf("a")), episodeDigest);
    });
  }
}

Deno.test("an archive that waited for its turn while its episode changed is not sent, and the new one is", async () => {
  await using lab = await Lab.open({ uploads: 1 });
  const ids = ["a", "b", "c"];
  for (const id of ids) await lab.record(id);
  const { uploads } = lab.receiver;
  const isFull = () =>
    uploads.length === 2 && lab.existing(...ids.map((id) => `outbox/${id}.tar.zst`)).length === 3;
  const changed = Promise.withResolvers<string>();
  lab.receiver.answer = async () => {
    if (uploads.length === 1) {
      // Two have the slots for short uploads.
      for (let left = 500; left > 0 && !isFull(); left--) {
        await new Promise((done) => setTimeout(done, 10));
      }
      const late = ids.find((id) => uploads.every((upload) => upload.id !== id)) ?? "";
      await lab.record(late, { more: "x" });
      lab.clock.movedMs += 60_000;
      changed.resolve(late);
    }
    await changed.promise;
    return undefined;
  };
  const { counts } = await lab.pass();
  assert.deepEqual([counts.shipped, counts["not-ready"]], [2, 1]);
  const late = await changed.promise;
  const content = contentOf(`${lab.dir}/episodes/${late}`);
  assert.equal((await lab.pass()).counts.shipped, 1);
  assert.equal(contentOf(`${lab.dir}/shipped/${late}/episode`), content);
  assert.deepEqual(uploads.map(({ id }) => id).sort(), ids);
  assert.deepEqual(lab.faults(), []);
});
