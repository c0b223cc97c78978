/**
 * Every sync of the queue, left out one at a time: the cuts must find out. A sync that nothing misses is either not needed,
 * or not tested.
 */
import assert from "node:assert/strict";
import { runWithCuts } from "./queue_lab.ts";
import { seededRandom } from "./seeded_random.ts";

const IDS = ["a", "fatal", "held"];

/** A sync by what it is for, whichever episode it is of. */
function kindOf(operation: string, path: string): string {
  const place = path.replace("/data", "").replace(/\b(a|fatal|held)\b/, "ID");
  return `${operation} ${place === "" ? "/" : place}`;
}

/** Syncs that may be left out without harm, and why they are there. */
const NOT_MISSED: Readonly<Record<string, string>> = {
  "sync /outbox/ID.json.new": "a torn record is no record: it costs packing once more",
  "sync /.cis490.pruned.new": "a torn time is no time: it costs a look at the shelves",
  "syncDir /episodes":
    "the model's rename is durable by the target's directory alone; not every disk's is",
};

async function isMissed(kind: string): Promise<boolean> {
  const random = seededRandom(1);
  for (let at = 0; at < 600; at++) {
    const cuts = Array.from({ length: at % 4 }, () => Math.floor(random() * 70));
    try {
      const skip = (operation: string, path: string) => kindOf(operation, path) === kind;
      const run = { ids: IDS, random, cuts, skip, isPlain: true, prune: at % 2 === 1 };
      if ((await runWithCuts(run)).length > 0) return true;
    } catch {
      // A directory that is not there any more stops a life: missed as well.
      return true;
    }
  }
  return false;
}

Deno.test("every sync is missed when it is left out", async (t) => {
  const kinds = new Set<string>();
  const note = (operation: string, path: string) => {
    if (operation === "sync" || operation === "syncDir") kinds.add(kindOf(operation, path));
    return false;
  };
  for (const prune of [false, true]) {
    const cuts = [1e6, 1e6];
    await runWithCuts({ ids: IDS, random: seededRandom(1), cuts, skip: note, prune });
  }
  assert.ok(kinds.size >= 10, [...kinds].join(", "));
  for (const kind of kinds) {
    if (kind in NOT_MISSED) continue;
    await t.step(kind, async () => assert.ok(await isMissed(kind), "no cut found out"));
  }
});
