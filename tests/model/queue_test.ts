/**
 * The queue on a file system that forgets: whenever the power goes, no episode is lost, doubled, or retired without a
 * receipt; and of what is old and removed, no half is left that looks like an episode.
 *
 * CIS490_CUTS sets the number of random series: 20,000 in CI, a million in `./denow task sweep:power`. The seed of a
 * failure is in its message.
 */
import assert from "node:assert/strict";
import fc from "fast-check";
import { runWithCuts } from "./queue_lab.ts";
import { seededRandom } from "./seeded_random.ts";

const SERIES = Number(
  Deno.env.get("CIS490_CUTS") ?? (Deno.env.get("CI") === "true" ? "20000" : "1000"),
);

Deno.test("no cut at any single operation harms an episode", async () => {
  for (let at = 0; at < 120; at++) {
    for (const number of [0.1, 0.6, 0.95]) {
      const run = { ids: ["a", "fatal", "held"], random: () => number, cuts: [at] };
      assert.deepEqual(await runWithCuts(run), [], `the power went before operation ${at}`);
    }
  }
});

Deno.test("no cut while old episodes are removed leaves half of one", async () => {
  for (let at = 0; at < 60; at++) {
    for (let seed = 0; seed < 8; seed++) {
      // The first life ships, the second one is cut short while it removes, the third one repairs.
      const cuts = [1e6, at];
      const run = { ids: ["a", "fatal", "held"], random: seededRandom(seed), cuts, prune: true };
      assert.deepEqual(await runWithCuts(run), [], `the power went before operation ${at}`);
    }
  }
});

// Without compression: the two above have shown that the real packer is no different.
Deno.test("no series of cuts harms an episode", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.uniqueArray(fc.constantFrom("a", "b", "fatal", "f2", "held"), { minLength: 1 }),
      fc.array(fc.nat(90), { minLength: 1, maxLength: 5 }),
      fc.nat(),
      fc.boolean(),
      async (ids, cuts, seed, prune) => {
        const run = { ids, cuts, random: seededRandom(seed), prune, isPlain: true };
        assert.deepEqual(await runWithCuts(run), []);
      },
    ),
    { numRuns: SERIES },
  );
});
