import assert from "node:assert/strict";
import { Slots } from "./slots.ts";

Deno.test("never more than so many at a time, in order, and an error frees its slot", async () => {
  const slots = new Slots(2);
  let now = 0;
  let most = 0;
  const order: number[] = [];
  const work = (number: number) =>
    slots.use(async () => {
      order.push(number);
      most = Math.max(most, ++now);
      await Promise.resolve();
      await Promise.resolve();
      now--;
      if (number === 1) throw new Error("expected");
    });
  const all = await Promise.allSettled([0, 1, 2, 3, 4].map(work));
  assert.equal(most, 2);
  assert.deepEqual(order, [0, 1, 2, 3, 4]);
  assert.deepEqual(all.map(({ status }) => status === "fulfilled"), [
    true,
    false,
    true,
    true,
    true,
  ]);
});
