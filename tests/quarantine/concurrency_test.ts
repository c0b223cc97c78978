/**
 * A sample of the concurrent runs; `./denow task sweep:quarantine` has more. The seed is printed:
 * `./denow task sweep:quarantine --count=20 --seed=N` makes the same choices again.
 */
import assert from "node:assert/strict";
import { Lab } from "../e2e/lab.ts";
import { runMany } from "./concurrency.ts";

const RUNS = 20;

Deno.test("an operator beside a daemon, both killed again and again, loses and doubles nothing", async () => {
  await using lab = await Lab.start();
  const seed = Math.floor(Math.random() * 2 ** 31);
  const faults: string[] = [];
  const sum = { ended: 0, killed: 0, moved: 0 };
  await runMany(lab, { count: RUNS, seed, workers: 2 }, (result, at) => {
    faults.push(...result.faults.map((fault) => `run ${at}: ${fault}`));
    sum.ended += result.ended;
    sum.killed += result.killed;
    sum.moved += result.moved;
  });
  const { ended, killed, moved } = sum;
  console.log(`seed ${seed}: ${ended} commands ended, ${killed} killed, ${moved} moves`);
  assert.deepEqual(faults, []);
  assert.ok(ended >= RUNS && killed > 3 * RUNS && moved >= RUNS, "too little happened");
});
