import assert from "node:assert/strict";
import { SharedSyncs } from "./shared_syncs.ts";

/** Syncs that end when they are told to. */
function held() {
  const begun: { readonly path: string; end(error?: Error): void }[] = [];
  const syncs = new SharedSyncs((path) => {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    begun.push({ path, end: (error) => error === undefined ? resolve() : reject(error) });
    return promise;
  });
  return { syncs, begun };
}

const turn = () => new Promise((done) => setTimeout(done, 0));

Deno.test("who comes while a sync runs gets the next one, with all others who came", async () => {
  const { syncs, begun } = held();
  const done: string[] = [];
  const sync = (name: string) => syncs.sync("/d").then(() => done.push(name));
  const all = [sync("first"), sync("second"), sync("third")];
  await turn();
  assert.equal(begun.length, 1, "what the first has begun does not count for the others");
  begun[0]?.end();
  await turn();
  assert.deepEqual(done, ["first"]);
  assert.equal(begun.length, 2);
  all.push(sync("fourth"));
  begun[1]?.end();
  await turn();
  assert.deepEqual(done, ["first", "second", "third"]);
  begun[2]?.end();
  await Promise.all(all);
  assert.equal(begun.length, 3);
});

Deno.test("a sync that fails fails for those who waited for it, and for no one else", async () => {
  const { syncs, begun } = held();
  const first = assert.rejects(syncs.sync("/d"), /EIO/);
  const second = syncs.sync("/d");
  begun[0]?.end(new Error("EIO"));
  await first;
  await turn();
  begun[1]?.end();
  await second;
  // Nothing is kept of it: the next one begins at once.
  const third = syncs.sync("/d");
  assert.equal(begun.length, 3);
  begun[2]?.end();
  await third;
});

Deno.test("other directories have syncs of their own", async () => {
  const { syncs, begun } = held();
  const both = [syncs.sync("/a"), syncs.sync("/b")];
  assert.deepEqual(begun.map(({ path }) => path), ["/a", "/b"]);
  for (const { end } of begun) end();
  await Promise.all(both);
});
