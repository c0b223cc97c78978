import assert from "node:assert/strict";
import { Refusal } from "./refusal.ts";
import { Turns } from "./turns.ts";

Deno.test("the newest request has the turn, after the older one's work has ended", async () => {
  const turns = new Turns();
  const events: string[] = [];
  const work = (name: string) => (signal: AbortSignal) => {
    events.push(`${name} begins`);
    const { promise, resolve } = Promise.withResolvers<string>();
    signal.addEventListener("abort", () => {
      setTimeout(() => {
        events.push(`${name} ends`);
        resolve(name);
      }, 10);
    });
    if (name === "newest") resolve(name);
    return promise;
  };
  const oldest = turns.take("a", work("oldest"));
  await Promise.resolve();
  const waiting = turns.take("a", work("waiting"));
  const other = turns.take("b", () => Promise.resolve("other"));
  const newest = turns.take("a", work("newest"));
  assert.equal(await other, "other");
  await assert.rejects(waiting, (error) => error instanceof Refusal && error.problem === "busy");
  assert.equal(await newest, "newest");
  assert.equal(await oldest, "oldest");
  assert.deepEqual(events, ["oldest begins", "oldest ends", "newest begins"]);
});

Deno.test("work that fails gives its turn back", async () => {
  const turns = new Turns();
  await assert.rejects(turns.take("a", () => Promise.reject(new RangeError("no"))), RangeError);
  assert.equal(await turns.take("a", () => Promise.resolve(1)), 1);
});
