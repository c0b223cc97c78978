/**
 * A sample of the sweep over every system call of a run; `./denow task sweep` is the whole of it. The seed is printed:
 * `./denow task sweep kill --count=300 --seed=N` does the same again.
 */
import assert from "node:assert/strict";
import { Lab } from "../e2e/lab.ts";
import { needs } from "../skip.ts";
import { ERRORS, findPoints, sample, sweep, TRACED } from "./sweep.ts";

const KINDS = [
  { name: "killed", injections: ["signal=KILL"], count: 300 },
  { name: "given an error", injections: ERRORS.map((errno) => `error=${errno}`), count: 80 },
];

for (const { name, injections, count } of KINDS) {
  Deno.test({
    ...needs(
      `a shipper that is ${name} at any system call loses nothing, and the next one mends it`,
      TRACED,
    ),
    async fn() {
      await using lab = await Lab.start();
      const seed = Math.floor(Math.random() * 2 ** 31);
      const points = sample(await findPoints(lab, injections), count, seed);
      const { hit, failures } = await sweep(lab, points, { workers: 2 });
      console.log(`${name}: ${hit} of ${points.length} points hit, seed ${seed}`);
      assert.deepEqual(failures, []);
      assert.ok(hit > count / 2, `only ${hit} of ${count} points were hit`);
    },
  });
}
