/**
 * One pass over the queue: sweep, list, look at every episode, and work on those for which there is something to do,
 * oldest first.
 *
 * The small lane has more workers than there are slots for uploads, the large one a single worker: with two or more slots,
 * one is always left to small episodes, and short uploads have slots of their own. A pass that waits for the large lane gives it every slot when the small one
 * is empty. Nothing is kept of an episode but its name and state, so ten thousand cost the memory of ten.
 */
import type { EpisodeId } from "../episode/mod.ts";
import {
  findStatIfGiven,
  finishRemovals,
  finishReturns,
  isDue,
  listEpisodes,
  type Listing,
  sweepLocks,
  sweepOutbox,
} from "../queue/mod.ts";
import { Gate } from "./gate.ts";
import { type Lane, type Offer, untilAborted } from "./lanes.ts";
import { prune } from "./prune.ts";
import type { PassSummary, Result } from "./result.ts";
import { type PassContext, shipOne } from "./ship_one.ts";
import type { Shop } from "./shop.ts";
import { LARGE_BYTES, walk } from "./walk.ts";

export interface PassOptions {
  /**
   * A daemon's: how long the pass waits for the small lane; `done` is aborted when that has nothing more to do. What is in
   * hand by then goes on, and is left alone by the next pass. Undefined: the pass waits for both lanes.
   */
  readonly until?: (done: AbortSignal) => Promise<void>;
  /** Everything that waits for its next try is due. */
  readonly allDue?: boolean;
}

/** Runs one pass to its end, or until `signal`. Throws FsError when the directories themselves can't be read. */
export async function runPass(
  shop: Shop,
  signal: AbortSignal,
  options: PassOptions = {},
): Promise<PassSummary> {
  const { queue, lanes, tally } = shop;
  const startMs = queue.clock.monotonic();
  await repairOnce(shop);
  const pruned = prune(shop, signal);
  if (options.until === undefined) await pruned;
  const listing = listEpisodes(queue);
  forgetWhatLeft(shop, listing);
  reportStrangers(shop, listing);
  sweepLocks(queue, lanes.inHand);
  const { swept, archives } = await sweepOutbox(queue, lanes.inHand);
  for (const id of archives) {
    // A worker may have shipped it meanwhile.
    if (queue.fs.findStat(queue.layout.archive(id)) !== undefined) shop.room.found(id);
  }
  shop.observer.listed?.(listing.ids.length);

  const context = { shop, gate: new Gate(shop.transport, shop.breaker, signal), signal };
  lanes.serve((...offered) => work(context, ...offered), signal);
  const rests = (result: Result) => done(shop, result);
  const { allDue = false, until } = options;
  await walk(context, listing.ids, { allDue, isOneOfMany: until !== undefined, rests });
  await waitForLanes(shop, options);

  for (const [id, { state }] of lanes.pending()) tally.add({ id, state });
  const summary = tally.take({
    strangers: {
      count: listing.strangers.length,
      paths: listing.strangers.slice(0, NAMED_STRANGERS)
        .map((name) => `${queue.layout.episodes}/${name}`),
    },
    swept,
    stopped: shop.breaker.reason,
    oldestMs: findOldestMs(shop, listing),
    ms: Math.round(queue.clock.monotonic() - startMs),
  });
  reportPass(shop, summary);
  return summary;
}

async function work(
  context: PassContext,
  id: EpisodeId,
  lane: Lane,
  offer: Offer,
): Promise<"done" | "large"> {
  const { shop } = context;
  const nowMs = shop.queue.clock.now();
  const shipped = await shipOne(context, id, {
    largestBytes: lane === "large" ? Infinity : LARGE_BYTES,
    isDue: (record) => offer.isDue || isDue(record, nowMs),
  });
  if (shipped === "large") return "large";
  if (shipped !== "stopped") done(shop, shipped);
  return "done";
}

function done({ tally, observer }: Shop, result: Result): void {
  tally.add(result);
  observer.result?.(result);
}

async function waitForLanes(
  { lanes, options: { uploads } }: Shop,
  { until }: PassOptions,
): Promise<void> {
  if (until !== undefined) return await until(lanes.idle("small"));
  await untilAborted(lanes.idle("small"));
  lanes.widen("large", uploads);
  await untilAborted(lanes.idle("large"));
}

/** What a killed process left on the shelves is looked for once: that is a look at each place. */
async function repairOnce({ queue, started, begun }: Shop): Promise<void> {
  if (started.isRepaired) return;
  await finishReturns(queue);
  for (const id of await finishRemovals(queue)) begun.add(id);
  started.isRepaired = true;
}

/** The shipped ones, which have left, stand in between. */
function findOldestMs({ queue }: Shop, { ids }: Listing): number | undefined {
  for (const id of ids) {
    const stat = findStatIfGiven(queue, id);
    if (stat !== undefined && stat !== "not-given") return Number(stat.mtimeNs / 1_000_000n);
  }
  return undefined;
}

function forgetWhatLeft({ queue, memory }: Shop, { ids }: Listing): void {
  const there = new Set<EpisodeId>(ids);
  queue.settling.keepOnly((id) => there.has(id));
  memory.keepOnly((id) => there.has(id));
}

/** A few are named; a directory full of them would fill the journal. */
const NAMED_STRANGERS = 3;

function reportStrangers({ queue }: Shop, { strangers }: Listing): void {
  for (const name of strangers.slice(0, NAMED_STRANGERS)) {
    queue.log("stranger", { name, dir: queue.layout.episodes });
  }
}

/** A pass every few seconds that finds what the last one found is told so often. */
const SAME_AGAIN_MS = 5 * 60_000;

function reportPass({ queue, lastPass }: Shop, { counts, ms }: PassSummary): void {
  const fields = {
    shipped: counts.shipped + counts["already-stored"],
    held: counts.held,
    quarantined: counts.quarantined,
    waiting: counts.waiting,
    not_ready: counts["not-ready"],
    stuck: counts.stuck,
  };
  const words = JSON.stringify(fields);
  const nowMs = queue.clock.monotonic();
  const isNews = words !== lastPass.words || fields.shipped + fields.quarantined > 0;
  if (!isNews && nowMs - lastPass.saidMs < SAME_AGAIN_MS) return;
  lastPass.words = words;
  lastPass.saidMs = nowMs;
  queue.log("pass-finished", { ...fields, ms });
}
