import assert from "node:assert/strict";
import fc from "fast-check";
import { bytesOf, receiptFor } from "../../tests/contract/store.ts";
import { findEpisodeId } from "../episode/mod.ts";
import { formatReceipt, type Receipt, receiptToJson } from "../wire/mod.ts";
import { parseReceipts, reconcile } from "./reconcile.ts";
import { StoreError } from "./store_error.ts";

function receipt(name: string, content = name): Receipt {
  const id = findEpisodeId(name);
  assert.ok(id !== undefined);
  return receiptFor(bytesOf(content, 10), id);
}

const parse = (text: string) => [...parseReceipts(text, "FILE")];

Deno.test("each of a lab host's receipts is in the store, not there, or another episode's", async () => {
  const stored = [receipt("same"), receipt("reused", "another")];
  const store = {
    find: (_host: string, id: string) => Promise.resolve(stored.find((one) => one.id === id)),
  };
  const mine = [receipt("same"), receipt("gone"), receipt("reused")];
  const found = await Array.fromAsync(reconcile(store, mine));
  assert.deepEqual(found.map(({ kind, receipt }) => [kind, receipt.id]), [
    ["has", "same"],
    ["lacks", "gone"],
    ["different", "reused"],
  ]);
  assert.equal(found[2]?.stored?.episode_digest, stored[1]?.episode_digest);
});

Deno.test("receipt files are read one after another, whatever lies between and in them", () => {
  const note = (one: Receipt, extra: Readonly<Record<string, unknown>>) => ({
    ...extra,
    receipt: receiptToJson(one),
  });
  fc.assert(fc.property(
    fc.array(fc.record({
      id: fc.stringMatching(/^[a-z]{1,5}$/),
      // Braces, quotes and backslashes are in these.
      extra: fc.option(fc.dictionary(
        fc.string().filter((key) => key !== "receipt" && key !== "__proto__"),
        fc.jsonValue(),
      )),
      indent: fc.constantFrom(0, 2),
      between: fc.constantFrom("", "\n", " \n\t\n"),
    })),
    (files) => {
      const text = files.map(({ id, extra, indent, between }) => {
        const one = receipt(id);
        const value = extra === null ? receiptToJson(one) : note(one, extra);
        return JSON.stringify(value, undefined, indent) + between;
      }).join("");
      assert.deepEqual(parse(text), files.map(({ id }) => receipt(id)));
    },
  ));
});

Deno.test("what is no receipt is named by its line", () => {
  const good = formatReceipt(receipt("a"));
  const lines = good.split("\n").length - 1;
  for (
    const [bad, why] of [
      ["{}", "this is no receipt"],
      ['\n\n{"receipt": 1}', "this is no receipt"],
      ["nonsense", "this is no JSON"],
      [good.slice(0, 100), "this is no JSON"],
      ["}", "this is no JSON"],
      ['{"a": "', "this is no JSON"],
    ] as const
  ) {
    const line = lines + 1 + bad.search(/\S/);
    assert.throws(
      () => parse(good + bad),
      (error) => error instanceof StoreError && error.message === `FILE: line ${line}: ${why}`,
      bad,
    );
  }
  assert.deepEqual(parse(" \n"), []);
});
