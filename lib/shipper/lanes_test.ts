import assert from "node:assert/strict";
import type { EpisodeId } from "../episode/mod.ts";
import { type Lane, Lanes } from "./lanes.ts";

const idsOf = (text: string) => text.split("") as EpisodeId[];
const DUE = { isDue: true, state: "waiting" } as const;

/** Lanes of 2 and 1 workers whose work ends when a test says so. */
function open(stop: AbortController = new AbortController()) {
  const lanes = new Lanes({ small: 2, large: 1 });
  const begun: string[] = [];
  const ends = new Map<string, (belongs: "done" | "large") => void>();
  lanes.serve((id, lane: Lane) => {
    begun.push(lane === "small" ? id : `${id} (large)`);
    return new Promise((resolve) => ends.set(id, resolve));
  }, stop.signal);
  const end = async (id: string, belongs: "done" | "large" = "done") => {
    ends.get(id)?.(belongs);
    await new Promise((resolve) => setTimeout(resolve));
  };
  return { lanes, begun, end };
}

Deno.test("each lane works on its own in order, and no more at a time than it has workers", async () => {
  const { lanes, begun, end } = open();
  for (const id of idsOf("abcd")) lanes.offer(id, "small", DUE);
  for (const id of idsOf("XY")) lanes.offer(id, "large", DUE);
  assert.deepEqual(begun, ["a", "b", "X (large)"]);
  assert.deepEqual([...lanes.pending()].map(([id]) => id).sort(), idsOf("XYabcd"));
  await end("b");
  await end("X");
  assert.deepEqual(begun.slice(3), ["c", "Y (large)"]);
});

Deno.test("what is in hand or waits is not offered twice", async () => {
  const { lanes, begun, end } = open();
  for (const id of idsOf("abcabc")) lanes.offer(id, "small", DUE);
  for (const id of idsOf("abc")) await end(id);
  assert.deepEqual(begun, ["a", "b", "c"]);
  lanes.offer("a" as EpisodeId, "small", DUE);
  assert.deepEqual(begun, ["a", "b", "c", "a"]);
});

Deno.test("what turns out to be large goes to the other lane", async () => {
  const { lanes, begun, end } = open();
  lanes.offer("a" as EpisodeId, "small", DUE);
  await end("a", "large");
  assert.deepEqual(begun, ["a", "a (large)"]);
  assert.equal(lanes.idle("small").aborted, true);
  assert.equal(lanes.idle("large").aborted, false);
});

Deno.test("what waits takes the order of the newest listing, and what is not in it is forgotten", async () => {
  const { lanes, begun, end } = open();
  for (const id of idsOf("abzyx")) lanes.offer(id, "small", DUE);
  lanes.order(idsOf("abxz"));
  for (const id of idsOf("abxz")) await end(id);
  assert.deepEqual(begun, ["a", "b", "x", "z"]);
  assert.equal(lanes.idle("small").aborted, true);
});

Deno.test("a lane that is widened takes more at a time, until it is served anew", async () => {
  const { lanes, begun, end } = open();
  for (const id of idsOf("abcdefg")) lanes.offer(id, "large", DUE);
  lanes.widen("large", 3);
  assert.equal(begun.length, 3);
  lanes.serve((id) => (begun.push(id), Promise.resolve("done")), new AbortController().signal);
  await end("a");
  await end("b");
  assert.equal(begun.length, 3, "two of the three are too many by now");
  await end("c");
  assert.deepEqual(begun.slice(3), ["d", "e", "f", "g"]);
});

Deno.test("a signal ends what waits, and lanes have ended when nothing is in hand", async () => {
  const stop = new AbortController();
  const { lanes, begun, end } = open(stop);
  for (const id of idsOf("abc")) lanes.offer(id, "small", DUE);
  let isEnded = false;
  const ended = lanes.ended().then(() => isEnded = true);
  stop.abort();
  await end("a");
  assert.equal(isEnded, false);
  await end("b");
  await ended;
  assert.deepEqual(begun, ["a", "b"]);
  lanes.offer("d" as EpisodeId, "small", DUE);
  assert.equal(lanes.has("d" as EpisodeId), false);
});
