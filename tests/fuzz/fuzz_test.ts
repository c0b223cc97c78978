/** A sample of `./denow task fuzz`, with a seed of its own each time: what fails names it. */
import assert from "node:assert/strict";
import { sha256 } from "../api/sample.ts";
import { needs } from "../skip.ts";
import { diceOf, fuzz } from "./run.ts";
import { request } from "./requests.ts";

Deno.test({
  ...needs("whatever is sent, nothing but 503 and 507 is above 500, and nothing leaves the store", {
    commands: ["zstd", "tar"],
  }),
  async fn() {
    const seed = Math.floor(Math.random() * 2 ** 31);
    console.log(`seed ${seed}`);
    const { answers, stored } = await fuzz(seed, 0, 1500);
    // The cases are worth something: they get past the headers, and some archives are good.
    const statuses = ["201", "400", "404", "409", "422"].map(Number);
    for (const status of statuses) assert.ok((answers.get(status) ?? 0) > 0, `${status}`);
    assert.ok(stored > 0);
  },
});

Deno.test("a case is replayed from its seed and number", () => {
  const target = { stamp: "a".repeat(40), hosts: [{ host: "lab-1", token: "token" }] };
  for (let at = 0; at < 200; at++) {
    assert.deepEqual(request(diceOf(7, at), target), request(diceOf(7, at), target));
  }
  const distinct = new Set(
    Array.from({ length: 200 }, (_, at) => sha256(request(diceOf(7, at), target))),
  );
  assert.ok(distinct.size > 150, `${distinct.size}`);
});
