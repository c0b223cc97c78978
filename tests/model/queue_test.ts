/**
 * The queue on a file system that forgets: whenever the power goes, no episode is lost, doubled, or retired without a
 * receipt. CIS490_CUTS sets the number of random runs (`./denow task sweep:power` does a million of them); the seed of a
 * failure is in its message.
 */
import assert from "node:assert/strict";
import fc from "fast-check";
import { runWithCuts } from "./queue_lab.ts";

const RUNS = Number(
  Deno.env.get("CIS490_CUTS") ?? (Deno.env.get("CI") === "true" ? "20000" : "300"),
);

Deno.test("no cut at any single operation harms an episode", async () => {
  for (let at = 0; at < 120; at++) {
    for (const random of [() => 0.1, () => 0.6, () => 0.95]) {
      const faults = await runWithCuts({ ids: ["a", "fatal", "held"], random, cuts: [at] });
      assert.deepEqual(faults, [], `the power went before operation ${at}`);
    }
  }
});

Deno.test("no series of cuts harms an episode", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.uniqueArray(fc.constantFrom("a", "b", "fatal", "f2", "held"), { minLength: 1 }),
      fc.array(fc.nat(90), { maxLength: 5 }),
      fc.infiniteStream(fc.double({ min: 0, max: 0.999_999, noNaN: true })),
      async (ids, cuts, numbers) => {
        const random = () => numbers.next().value ?? 0.5;
        assert.deepEqual(await runWithCuts({ ids, cuts, random }), []);
      },
    ),
    { numRuns: RUNS },
  );
});
