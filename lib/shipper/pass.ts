/**
 * One pass over the queue: sweep, list, and every episode in its turn, oldest first.
 *
 * Small episodes are not stuck behind a huge one. The small lane walks the list and leaves what is large to the large
 * lane, which has one worker as long as there are small ones; with two or more upload slots, one is always left to them.
 * When only large ones are left, they may have every slot,
 * unless the pass does not wait for them. Nothing is kept of an episode but its name, so ten thousand
 * cost the memory of ten.
 */
import type { EpisodeId } from "../episode/mod.ts";
import {
  findStat,
  finishRemovals,
  finishReturns,
  listEpisodes,
  type Listing,
  sweepLocks,
  sweepOutbox,
} from "../queue/mod.ts";
import { Gate } from "./gate.ts";
import { prune } from "./prune.ts";
import type { PassSummary, Result } from "./result.ts";
import { type PassContext, shipOne } from "./ship_one.ts";
import type { Shop } from "./shop.ts";

/** Above this an episode is large. */
const LARGE_BYTES = 64 * 1024 * 1024;
/** One worker more than slots: an archive is being packed while the others are sent. */
const PACKING_AHEAD = 1;

export interface PassOptions {
  /** Also waits for the large lane. A daemon does not: what is small and new shall not wait for what is large. */
  readonly waitForLarge: boolean;
  /** Everything that waits for its next try is due. */
  readonly allDue?: boolean;
}

/** Runs one pass to its end, or until `signal`. Throws FsError when the directories themselves can't be read. */
export async function runPass(
  shop: Shop,
  signal: AbortSignal,
  options: PassOptions = { waitForLarge: true },
): Promise<PassSummary> {
  const { queue, large, tally } = shop;
  const startMs = queue.clock.monotonic();
  await repairOnce(shop);
  await prune(shop, signal);
  const listing = listEpisodes(queue);
  forgetWhatLeft(shop, listing);
  reportStrangers(shop, listing);
  sweepLocks(queue, shop.busy);
  const { swept, archives } = await sweepOutbox(queue, shop.busy);
  for (const id of archives) shop.room.found(id);
  shop.observer.listed?.(listing.ids.length);

  const gate = new Gate(shop.transport, signal);
  const context = { shop, gate, signal, allDue: options.allDue ?? false };
  const lanes = new Lanes(context, listing.ids);
  await lanes.runSmall();
  if (options.waitForLarge) await lanes.runLarge();
  for (const id of large.waiting) tally.add({ id, state: "waiting" });
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

/** What a killed process left on the shelves is looked for once: that is a look at each place. */
async function repairOnce({ queue, started }: Shop): Promise<void> {
  if (started.isRepaired) return;
  await finishReturns(queue);
  await finishRemovals(queue);
  started.isRepaired = true;
}

/** The shipped ones, which have left, stand in between. */
function findOldestMs({ queue }: Shop, { ids }: Listing): number | undefined {
  for (const id of ids) {
    const stat = findStat(queue.fs, queue.layout.episode(id));
    if (stat !== undefined) return Number(stat.mtimeNs / 1_000_000n);
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

class Lanes {
  #next = 0;

  constructor(
    private readonly context: PassContext,
    private readonly ids: readonly EpisodeId[],
  ) {}

  /** Every small episode once. */
  async runSmall(): Promise<void> {
    const { uploads } = this.context.shop.options;
    await inParallel(uploads + PACKING_AHEAD, () => this.#smallLane());
  }

  /** Every large one, with all slots. */
  async runLarge(): Promise<void> {
    const { large, options } = this.context.shop;
    await inParallel(options.uploads, () => this.#largeLane());
    await large.worker;
  }

  async #smallLane(): Promise<void> {
    const { shop: { large }, signal } = this.context;
    while (!signal.aborted) {
      const id = this.ids[this.#next++];
      if (id === undefined) return;
      const shipped = await shipOne(this.context, id, { largestBytes: LARGE_BYTES });
      if (shipped !== "large") {
        this.#done(shipped);
        continue;
      }
      large.waiting.add(id);
      large.worker ??= this.#largeLane().finally(() => large.worker = undefined);
    }
  }

  async #largeLane(): Promise<void> {
    const { shop: { large, transport }, signal } = this.context;
    while (!signal.aborted) {
      const [id] = large.waiting;
      if (id === undefined) return;
      large.waiting.delete(id);
      // This lane outlives its pass, and the window that the pass saw.
      const context = { ...this.context, gate: new Gate(transport, signal) };
      const shipped = await shipOne(context, id, { largestBytes: Infinity });
      if (shipped !== "large") this.#done(shipped);
    }
  }

  #done(result: Result | "stopped"): void {
    if (result === "stopped") return;
    this.context.shop.tally.add(result);
    this.context.shop.observer.result?.(result);
  }
}

async function inParallel(workers: number, work: () => Promise<void>): Promise<void> {
  await Promise.all(Array.from({ length: workers }, work));
}
