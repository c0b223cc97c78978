/** What is old is removed on a file system that forgets: a cut leaves all of an episode, or nothing that looks like one. */
import assert from "node:assert/strict";
import { runWithCuts } from "./queue_lab.ts";

const IDS = ["a", "fatal", "held"];

Deno.test("no cut while old episodes are removed leaves half of one", async () => {
  for (let at = 0; at < 60; at++) {
    for (const number of [0.1, 0.6, 0.95]) {
      // The first life ships, the second one is cut short, the third one ends.
      const run = { ids: IDS, random: () => number, cuts: [1e6, at], prune: true };
      assert.deepEqual(await runWithCuts(run), [], `the power went before operation ${at}`);
    }
  }
});
