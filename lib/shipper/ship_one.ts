/** One episode's way through one pass: look, do what the rules say, pack, send, settle. */
import type { EpisodeId } from "../episode/mod.ts";
import {
  type EpisodeRecord,
  type Job,
  type Look,
  lookAt,
  type Rest,
  step,
  tryLockEpisode,
  unfitOf,
} from "../queue/mod.ts";
import { afterError, bugOutcome } from "./fence.ts";
import type { Gate } from "./gate.ts";
import { outcomeOfError, unfitOutcome } from "./outcome_of.ts";
import type { Outcome } from "./outcomes.ts";
import { packOne } from "./pack_one.ts";
import type { Result } from "./result.ts";
import { sendOne } from "./send_one.ts";
import { settle, type Settled, type Tried } from "./settle.ts";
import type { Shop } from "./shop.ts";
import { findStampOf } from "./stamp_of.ts";

/** What a pass gives to each of its episodes. */
export interface PassContext {
  readonly shop: Shop;
  readonly gate: Gate;
  readonly signal: AbortSignal;
}

export interface ShipOneOptions {
  /** Episodes above this are left to another lane. */
  readonly largestBytes: number;
  /** Whether the next try that a record tells has come. */
  readonly isDue: (record: EpisodeRecord) => boolean;
}

/** How one step of the way ended; `again`: look anew. */
export type Step = Settled | Omit<Result, "id"> | "large";

/** `large`: above `largestBytes`, nothing was done. `stopped`: the signal came first. */
export type Shipped = Result | "large" | "stopped";

/** Ships one episode as far as it goes in this pass. Throws nothing: whatever happens to it stays with it. */
export async function shipOne(
  context: PassContext,
  id: EpisodeId,
  options: ShipOneOptions,
): Promise<Shipped> {
  const { shop, signal } = context;
  shop.observer.working?.(id);
  try {
    const lock = tryLockEpisode(shop.queue, id);
    if (lock === undefined) return { id, state: "waiting", outcome: LOCKED };
    try {
      const done = await underLock(context, id, options);
      if (signal.aborted) return "stopped";
      return done === "large" ? done : { id, ...done };
    } finally {
      lock.release();
    }
  } catch (error) {
    if (signal.aborted) return "stopped";
    return { id, ...afterError(shop, id, error) };
  } finally {
    shop.observer.resting?.(id);
  }
}

const LOCKED: Outcome = {
  outcome: "transient",
  code: "locked",
  detail: "another process has its hand on it",
  scope: "episode",
};

/** Where an episode is for which there is nothing to do. */
export function restResult({ id, record }: Look, rest: Rest): Result {
  switch (rest) {
    case "waiting": {
      const last = record?.last?.outcome;
      return { id, state: last === "held" || last === "stuck" ? last : "waiting" };
    }
    case "retired":
      return { id, state: "already-stored" };
    case "quarantined":
    case "not-ready":
    case "gone":
      return { id, state: rest };
  }
}

/** Each round changes what is found; one that does not would be a bug that must not spin. */
const ROUNDS = 12;

async function underLock(
  context: PassContext,
  id: EpisodeId,
  options: ShipOneOptions,
): Promise<Exclude<Step, "again">> {
  const { queue } = context.shop;
  for (let round = 0; round < ROUNDS; round++) {
    context.shop.observer.working?.(id);
    const look = lookAt(queue, id, options.isDue);
    const next = await step(queue, look);
    if (next.kind === "look-again") continue;
    if (next.kind === "rest") return restResult(look, next.rest);
    const done = await doJob(context, look, next.job, options);
    if (done !== "again") return done;
  }
  throw new RangeError(`episode ${id} is looked at again and again`);
}

async function doJob(
  context: PassContext,
  look: Look,
  job: Job,
  options: ShipOneOptions,
): Promise<Step> {
  const { shop, signal } = context;
  const { id, tree, record } = look;
  if (tree === undefined) throw new TypeError(`job ${job} without a look at the files of ${id}`);
  const { signature } = tree;
  const known = record?.signature === signature ? record : undefined;
  const path = shop.queue.layout.episode(id);
  const stamp = known?.stamp ?? findStampOf(shop.queue.fs, path);
  const tried: Tried = { id, signature, stamp, record: known };
  try {
    const verdict = shop.memory.findVerdict(id, signature);
    if (verdict !== undefined) return await settle(shop, tried, verdict);
    if (job === "quarantine-unfit") {
      return await settle(shop, tried, unfitOutcome(unfitOf(tree).join("; ")));
    }
    if (tree.sizeBytes > options.largestBytes) return "large";
    return job === "pack" ? await packOne(context, tried, tree) : await sendOne(context, tried);
  } catch (error) {
    if (signal.aborted) throw error;
    const outcome = outcomeOfError(error, "pack", path) ?? bugOutcome(shop, id, error);
    return await settle(shop, tried, outcome);
  }
}
