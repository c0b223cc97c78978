import assert from "node:assert/strict";
import { bytesOf, HOST, receiptFor } from "../../tests/contract/store.ts";
import { findEpisodeId } from "../episode/mod.ts";
import { plainFs } from "../sys/mod.ts";
import type { Receipt } from "../wire/mod.ts";
import { SqliteCatalogue } from "./catalogue/sqlite.ts";
import { listEpisodes } from "./listing.ts";

const fs = plainFs();

function receipt(name: string, stored_at: string): Receipt {
  const id = findEpisodeId(name);
  assert.ok(id !== undefined);
  return { ...receiptFor(bytesOf(name, 10), id), stored_at };
}

function storeOf(receipts: readonly Receipt[]) {
  return {
    async *names() {
      for (const { host, id } of receipts) yield { host, id };
    },
    async *receipts() {
      yield* receipts;
    },
  };
}

Deno.test("the catalogue is believed while its names are the store's, and leaves no trace of the look", async () => {
  const directory = await Deno.makeTempDir({ prefix: "cis490-listing-" });
  try {
    const path = `${directory}/what?50%#.sqlite3`;
    const [late, early] = [
      receipt("late", "2026-02-01T00:00:00.000Z"),
      receipt("early", "2026-01-01T00:00:00.000Z"),
    ];
    const list = (receipts: readonly Receipt[], filter = {}) =>
      listEpisodes({ store: storeOf(receipts), fs }, path, filter);
    const byReceipts = await list([late, early]);
    assert.deepEqual(byReceipts, { receipts: [early, late], source: "receipts" });

    const writer = SqliteCatalogue.openToWrite(path);
    writer.put([late, early], 1);
    const expected = { receipts: [early, late], source: "catalogue" };
    assert.deepEqual(await list([late, early]), expected, "beside the one that writes");
    writer.close();
    assert.deepEqual(await list([late, early]), expected);
    assert.deepEqual([...Deno.readDirSync(directory)].length, 1, "nothing was made beside it");

    const newer = receipt("newer", "2026-03-01T00:00:00.000Z");
    assert.equal((await list([late, newer, early])).source, "receipts", "it is behind");
    assert.equal((await list([late, newer])).source, "receipts", "another one of the same number");
    const filter = { host: HOST, sinceMs: Date.parse("2026-02-01T00:00:00Z") };
    assert.deepEqual(await list([late, newer, early], filter), {
      receipts: [late, newer],
      source: "receipts",
    });
    assert.deepEqual(await list([late, early], filter), { receipts: [late], source: "catalogue" });
    await Deno.writeTextFile(path, "damaged");
    assert.equal((await list([late, early])).source, "receipts");
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});
