import assert from "node:assert/strict";
import { bytesOf, HOST, receiptFor } from "../../../tests/contract/store.ts";
import { type EpisodeId, findEpisodeId, findHostId } from "../../episode/mod.ts";
import { createLog } from "../../events/mod.ts";
import { type Clock, FsError, plainFs, systemClock } from "../../sys/mod.ts";
import type { Receipt } from "../../wire/mod.ts";
import type { Catalogue } from "./catalogue.ts";
import { keepCatalogue } from "./keeper.ts";
import { SqliteCatalogue } from "./sqlite.ts";

function idOf(name: string): EpisodeId {
  const id = findEpisodeId(name);
  assert.ok(id !== undefined);
  return id;
}

const receipt = (name: string) => receiptFor(bytesOf(name, 100), idOf(name));

/** A store that is a list of receipts, and a keeper whose clock runs a thousand times as fast. */
async function bench(names: readonly string[]) {
  const directory = await Deno.makeTempDir({ prefix: "cis490-catalogue-" });
  const path = `${directory}/catalogue.sqlite3`;
  const receipts = new Map(names.map((name) => [name, receipt(name)]));
  const unreadable = new Set<string>();
  const lines: string[] = [];
  const store = {
    async *names() {
      for (const { host, id } of [...receipts.values()]) yield { host, id };
    },
    find(_host: unknown, id: EpisodeId): Promise<Receipt | undefined> {
      if (unreadable.has(id)) return Promise.reject(new FsError("read", id, "EIO"));
      return Promise.resolve(receipts.get(id));
    },
  };
  const clock: Clock = {
    now: systemClock.now,
    monotonic: () => systemClock.monotonic() * 1000,
    sleep: (ms, signal) => systemClock.sleep(ms / 1000, signal),
  };
  const log = createLog((line) => lines.push(line), { priority: false });
  const ids = () => {
    using reader = SqliteCatalogue.openToRead(path, { isInUse: true });
    return reader.list({}).map(({ id }) => id).sort();
  };
  return {
    path,
    receipts,
    unreadable,
    lines,
    ids,
    /** Runs a keeper until `work` is done. */
    async keep(work: (catalogue: Catalogue) => Promise<void>): Promise<void> {
      const catalogue = keepCatalogue({ store, fs: plainFs(), clock, log }, path);
      const stop = new AbortController();
      const running = catalogue.run(stop.signal);
      try {
        await work(catalogue);
      } finally {
        stop.abort();
        await running;
      }
    },
    [Symbol.asyncDispose]: () => Deno.remove(directory, { recursive: true }),
  };
}

/** Waits until `holds` does not throw, for ten seconds at most. */
async function eventually(holds: () => void): Promise<void> {
  for (const end = performance.now() + 10_000;;) {
    try {
      return holds();
    } catch (error) {
      if (performance.now() > end) throw error;
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }
}

Deno.test("a catalogue is made of the receipts, follows what is noted, and tells each host's totals", async () => {
  await using test = await bench(["a", "b"]);
  await test.keep(async (catalogue) => {
    await eventually(() => assert.deepEqual(test.ids(), ["a", "b"]));
    test.receipts.set("c", receipt("c"));
    catalogue.note(receipt("c"));
    await eventually(() => assert.deepEqual(test.ids(), ["a", "b", "c"]));
    assert.deepEqual(catalogue.findTotals(), [{
      host: HOST,
      episodes: 3,
      bytes: 300,
      lastStoredMs: Date.parse(receipt("a").stored_at),
    }]);
  });
});

Deno.test("what is noted just before the end is written down", async () => {
  await using test = await bench([]);
  await test.keep(async (catalogue) => {
    await eventually(() => assert.deepEqual(test.ids(), []));
    catalogue.note(receipt("last"));
  });
  assert.deepEqual(test.ids(), ["last"]);
});

Deno.test("one that is behind, ahead or lies is put right at the next start", async () => {
  await using test = await bench(["gone", "changed"]);
  await test.keep(() => eventually(() => assert.deepEqual(test.ids(), ["changed", "gone"])));
  test.receipts.delete("gone");
  test.receipts.set("missed", receipt("missed"));
  const changed = { ...receipt("changed"), entries: 77 };
  test.receipts.set("changed", changed);
  await test.keep(() => eventually(() => assert.deepEqual(test.ids(), ["changed", "missed"])));
  using reader = SqliteCatalogue.openToRead(test.path, { isInUse: false });
  assert.deepEqual(reader.list({}).find(({ id }) => id === "changed"), changed);
});

const DAMAGES: Readonly<Record<string, (path: string) => void>> = {
  "that is no database": (path) => Deno.writeTextFileSync(path, "x".repeat(10_000)),
  "that is empty": (path) => Deno.writeTextFileSync(path, ""),
  "that was cut": (path) => Deno.truncateSync(path, 5000),
  "that has garbage in it": (path) => {
    using file = Deno.openSync(path, { write: true });
    for (let at = 4096; at < Deno.statSync(path).size; at += 4096) {
      file.seekSync(at, Deno.SeekMode.Start);
      file.writeSync(new Uint8Array(2048).fill(0x55));
    }
  },
  "of another version": (path) => {
    Deno.removeSync(path);
    using other = SqliteCatalogue.openToWrite(path);
    other.close();
    using file = Deno.openSync(path, { write: true });
    // sqlite.org/fileformat.html: the user version, big-endian, at offset 60.
    file.seekSync(60, Deno.SeekMode.Start);
    file.writeSync(Uint8Array.of(0, 0, 0, 9));
  },
  "that is gone": (path) => Deno.removeSync(path),
};

for (const [words, damage] of Object.entries(DAMAGES)) {
  Deno.test(`a catalogue ${words} is made anew`, async () => {
    const names = Array.from({ length: 300 }, (_, at) => `run-${at}`);
    await using test = await bench(names);
    await test.keep(() => eventually(() => assert.equal(test.ids().length, 300)));
    damage(test.path);
    await test.keep(() => eventually(() => assert.deepEqual(test.ids(), names.toSorted())));
  });
}

Deno.test("one that is deleted while it is kept is made anew within a minute", async () => {
  await using test = await bench(["a"]);
  await test.keep(async (catalogue) => {
    await eventually(() => assert.deepEqual(test.ids(), ["a"]));
    for (const suffix of ["", "-wal", "-shm"]) Deno.removeSync(test.path + suffix);
    test.receipts.set("b", receipt("b"));
    catalogue.note(receipt("b"));
    await eventually(() => assert.deepEqual(test.ids(), ["a", "b"]));
  });
});

Deno.test("what can't be opened is told once, tried again, and costs nothing else", async () => {
  await using test = await bench(["a"]);
  await Deno.mkdir(test.path);
  await test.keep(async (catalogue) => {
    await eventually(() => assert.equal(test.lines.length, 1));
    assert.match(test.lines[0] ?? "", /event=catalogue-failed .*unable to open/);
    assert.equal(catalogue.findTotals(), undefined);
    for (let count = 0; count < 20_000; count++) catalogue.note(receipt("a"));
    await Deno.remove(test.path);
    await eventually(() => assert.deepEqual(test.ids(), ["a"]));
    assert.equal(test.lines.filter((line) => line.includes("catalogue-failed")).length, 1);
  });
});

Deno.test("a receipt that can't be read hides no other", async () => {
  await using test = await bench(["a", "bad", "c"]);
  test.unreadable.add("bad");
  await test.keep(() => eventually(() => assert.deepEqual(test.ids(), ["a", "c"])));
});

Deno.test("a list is by host and time, the oldest first", async () => {
  const directory = await Deno.makeTempDir({ prefix: "cis490-catalogue-" });
  try {
    using catalogue = SqliteCatalogue.openToWrite(`${directory}/c`);
    const other = findHostId("lab-2");
    assert.ok(other !== undefined);
    const at = (name: string, stored_at: string) => ({ ...receipt(name), stored_at });
    const rows = [
      at("late", "2026-03-01T00:00:00.000Z"),
      at("early", "2026-01-01T00:00:00.000Z"),
      { ...at("other", "2026-02-01T00:00:00.000Z"), host: other },
    ];
    catalogue.put(rows, 1);
    const ids = (filter: Parameters<typeof catalogue.list>[0]) =>
      catalogue.list(filter).map(({ id }) => id);
    assert.deepEqual(ids({}), ["early", "other", "late"]);
    assert.deepEqual(ids({ host: HOST }), ["early", "late"]);
    assert.deepEqual(ids({ sinceMs: Date.parse("2026-02-01T00:00:00Z") }), ["other", "late"]);
    assert.deepEqual(ids({ host: other, sinceMs: Date.parse("2026-02-02T00:00:00Z") }), []);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});
