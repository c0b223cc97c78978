import assert from "node:assert/strict";
import { bytesOf, HOST, receiptFor } from "../../tests/contract/store.ts";
import { type EpisodeId, findEpisodeId } from "../episode/mod.ts";
import { type Clock, FsError, plainFs } from "../sys/mod.ts";
import { formatReceipt } from "../wire/mod.ts";
import { type Finding, scrub } from "./scrub.ts";
import { PosixInventory } from "./store/inventory.ts";
import { openPosixView } from "./store/view.ts";

const fs = plainFs();

function idOf(name: string): EpisodeId {
  const id = findEpisodeId(name);
  assert.ok(id !== undefined);
  return id;
}

/** A store on disk with these episodes in it, whole. */
class TestStore implements Disposable {
  readonly root = Deno.makeTempDirSync({ prefix: "cis490-scrub-" });
  readonly #slept: number[] = [];
  /** What happens while the scrub waits. */
  meanwhile = () => {};

  constructor(...names: string[]) {
    Deno.mkdirSync(`${this.root}/episodes/${HOST}`, { recursive: true });
    Deno.mkdirSync(`${this.root}/uploads/${HOST}`, { recursive: true });
    for (const name of names) this.put(name);
  }

  archive(name: string): string {
    return `${this.root}/episodes/${HOST}/${name}.tar.zst`;
  }
  receipt(name: string): string {
    return `${this.root}/episodes/${HOST}/${name}.json`;
  }
  put(name: string): void {
    const bytes = bytesOf(name, 1_000_000);
    Deno.writeFileSync(this.archive(name), bytes);
    Deno.writeTextFileSync(this.receipt(name), formatReceipt(receiptFor(bytes, idOf(name))));
  }
  get slept(): readonly number[] {
    return this.#slept;
  }

  async scrub(bytesPerSecond?: number, openRead = fs.openRead, viewed = fs) {
    const findings: Finding[] = [];
    let nowMs = 0;
    const clock: Clock = {
      now: () => nowMs,
      monotonic: () => nowMs,
      sleep: (ms) => {
        nowMs += ms;
        this.#slept.push(ms);
        this.meanwhile();
        return Promise.resolve();
      },
    };
    const progress: [number, number][] = [];
    const store = new PosixInventory(fs, openPosixView(viewed, this.root), openRead);
    const summary = await scrub({ store, clock }, { bytesPerSecond }, {
      finding: (finding) => findings.push(finding),
      progress: (bytes, total) => progress.push([bytes, total]),
    });
    const found = findings.map(({ kind, what }) => `${kind} ${what}`).sort();
    return { summary, found, findings, progress };
  }

  [Symbol.dispose](): void {
    Deno.removeSync(this.root, { recursive: true });
  }
}

Deno.test("a store that is as its receipts say has no findings, and is not changed", async () => {
  using store = new TestStore("a", "b");
  for (const name of ["catalogue.sqlite3", "catalogue.sqlite3-wal", "window.json"]) {
    Deno.writeTextFileSync(`${store.root}/${name}`, "");
  }
  Deno.writeTextFileSync(`${store.root}/uploads/${HOST}/c~1.incoming`, "a request's");
  Deno.writeTextFileSync(`${store.root}/uploads/probe~1`, "its own");
  const { summary, found, progress } = await store.scrub();
  assert.deepEqual(found, []);
  assert.deepEqual(summary, { sound: 2, bytes: 2_000_000, findings: 0 });
  assert.deepEqual(progress.at(-1), [2_000_000, 2_000_000]);
  assert.deepEqual(store.slept, [], "it has waited for nothing");
});

Deno.test("one changed bit is found wherever it is, and so are lost and added bytes", async () => {
  for (const at of [0, 499_999, 999_999]) {
    using store = new TestStore("good", "bad");
    const bytes = Deno.readFileSync(store.archive("bad"));
    bytes[at] = (bytes[at] ?? 0) ^ 0x01;
    Deno.writeFileSync(store.archive("bad"), bytes);
    const { summary, found } = await store.scrub();
    assert.deepEqual(found, [`rot ${HOST}/bad`], `byte ${at}`);
    assert.equal(summary.sound, 1);
  }
  for (const length of [0, 999_999, 1_000_001]) {
    using store = new TestStore("bad");
    Deno.truncateSync(store.archive("bad"), length);
    assert.deepEqual((await store.scrub()).found, [`rot ${HOST}/bad`], `${length} bytes`);
  }
});

Deno.test("everything that is not as it should be is told, each by its kind", async () => {
  using store = new TestStore(
    "good",
    "missing",
    "bad-receipt",
    "others-receipt",
    "no-receipt",
    "odd",
  );
  const episodes = `${store.root}/episodes`;
  Deno.removeSync(store.archive("missing"));
  Deno.truncateSync(store.receipt("bad-receipt"), 100);
  Deno.copyFileSync(store.receipt("good"), store.receipt("others-receipt"));
  Deno.removeSync(store.receipt("no-receipt"));
  Deno.removeSync(store.archive("odd"));
  Deno.removeSync(store.receipt("odd"));
  Deno.mkdirSync(store.archive("odd"));
  Deno.writeTextFileSync(`${store.root}/note`, "");
  Deno.writeTextFileSync(`${episodes}/host-that-is-a-file`, "");
  Deno.writeTextFileSync(`${episodes}/${HOST}/good.tar.zst.old`, "");
  Deno.writeTextFileSync(`${store.root}/uploads/${HOST}/gone~1.aside`, "");
  const { summary, found } = await store.scrub();
  assert.deepEqual(found, [
    `aside uploads/${HOST}/gone~1.aside`,
    `bad-receipt ${HOST}/bad-receipt`,
    `bad-receipt ${HOST}/others-receipt`,
    `missing ${HOST}/missing`,
    `no-receipt ${HOST}/no-receipt`,
    "stray episodes/host-that-is-a-file",
    `stray episodes/${HOST}/good.tar.zst.old`,
    `stray episodes/${HOST}/odd.tar.zst`,
    "stray note",
  ]);
  assert.deepEqual([summary.sound, summary.findings], [1, 9]);
});

Deno.test("an archive whose receipt a running receiver is about to write is no finding", async () => {
  using store = new TestStore("good", "coming", "leaving");
  const receipt = Deno.readFileSync(store.receipt("coming"));
  Deno.removeSync(store.receipt("coming"));
  Deno.removeSync(store.receipt("leaving"));
  store.meanwhile = () => {
    Deno.writeFileSync(store.receipt("coming"), receipt);
    Deno.removeSync(store.archive("leaving"));
  };
  const { summary, found } = await store.scrub();
  assert.deepEqual(found, []);
  assert.equal(summary.sound, 2);
});

Deno.test("a disk that can't read an archive any more is told, and hides no other", async () => {
  using store = new TestStore("a", "b", "c");
  const { summary, findings } = await store.scrub(undefined, (path) => {
    const handle = fs.openRead(path);
    if (path !== store.archive("b")) return handle;
    return {
      ...handle,
      read: () => {
        throw new FsError("read", path, "EIO");
      },
    };
  });
  assert.deepEqual(findings, [
    { kind: "rot", what: `${HOST}/b`, detail: "its archive can't be read: EIO" },
  ]);
  assert.equal(summary.sound, 2);
  // Too few files is no fault of the disk's.
  await assert.rejects(
    store.scrub(undefined, (path) => {
      throw new FsError("open", path, "EMFILE");
    }),
    FsError,
  );
});

Deno.test("a receipt that can't be read, or is a link, is told and hides no other; so does a store that is a backup", async () => {
  using store = new TestStore("a", "b", "linked");
  Deno.renameSync(store.receipt("linked"), `${store.root}/elsewhere`);
  Deno.symlinkSync(`${store.root}/elsewhere`, store.receipt("linked"));
  Deno.removeSync(`${store.root}/elsewhere`);
  Deno.removeSync(`${store.root}/uploads`, { recursive: true });
  const { found, summary } = await store.scrub();
  assert.deepEqual(found, [`bad-receipt ${HOST}/linked`]);
  assert.equal(summary.sound, 2);
  const failing = (errno: string) => ({
    ...fs,
    openRead(path: string) {
      if (path === store.receipt("b")) throw new FsError("open", path, errno);
      return fs.openRead(path);
    },
  });
  const { found: broken } = await store.scrub(undefined, fs.openRead, failing("EIO"));
  assert.deepEqual(broken, [`bad-receipt ${HOST}/b`, `bad-receipt ${HOST}/linked`]);
  await assert.rejects(store.scrub(undefined, fs.openRead, failing("EMFILE")), FsError);
  const receipts = await Array.fromAsync(openPosixView(fs, store.root).receipts());
  assert.deepEqual(receipts.map(({ id }) => String(id)).sort(), ["a", "b"]);
});

Deno.test("a rate is kept to", async () => {
  using store = new TestStore("a", "b");
  await store.scrub(100_000);
  const sleptMs = store.slept.reduce((sum, ms) => sum + ms, 0);
  assert.ok(Math.abs(sleptMs - 20_000) < 1, `${sleptMs} ms`);
});
