/**
 * Every sync of the queue, left out one at a time: the cuts must find out. A sync that nothing misses is either not needed,
 * or not tested.
 */
import assert from "node:assert/strict";
import { runWithCuts } from "./queue_lab.ts";

const IDS = ["a", "fatal", "held"];

/** A sync by what it is for, whichever episode it is of. */
function kindOf(operation: string, path: string): string {
  const place = path.replace("/data", "").replace(/\b(a|fatal|held)\b/, "ID");
  return `${operation} ${place === "" ? "/" : place}`;
}

/** Syncs that may be left out without harm, and why they are there. */
const NOT_MISSED: Readonly<Record<string, string>> = {
  "sync /outbox/ID.json.new": "a torn record is no record: it costs packing once more",
  "syncDir /episodes":
    "the model's rename is durable by the target's directory alone; not every disk's is",
};

/** Numbers that are the same in every run. */
function pseudoRandom(): () => number {
  let state = 1;
  return () => {
    state = (state * 1_103_515_245 + 12_345) % 2 ** 31;
    return state / 2 ** 31;
  };
}

async function isMissed(kind: string): Promise<boolean> {
  const random = pseudoRandom();
  for (let run = 0; run < 300; run++) {
    const cuts = Array.from({ length: run % 4 }, () => Math.floor(random() * 70));
    try {
      const skip = (operation: string, path: string) => kindOf(operation, path) === kind;
      if ((await runWithCuts({ ids: IDS, random, cuts, skip })).length > 0) return true;
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
  await runWithCuts({ ids: IDS, random: pseudoRandom(), cuts: [], skip: note });
  assert.ok(kinds.size >= 10, [...kinds].join(", "));
  for (const kind of kinds) {
    if (kind in NOT_MISSED) continue;
    await t.step(kind, async () => assert.ok(await isMissed(kind), "no cut found out"));
  }
});
