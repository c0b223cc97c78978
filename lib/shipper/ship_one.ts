/** One episode's way through one pass: look, do what the rules say, pack, send, settle. Its fence is here. */
import type { EpisodeId } from "../episode/mod.ts";
import {
  type EpisodeRecord,
  isDue,
  isIdle,
  type Job,
  type Look,
  lookAt,
  type Rest,
  step,
  tryLockEpisode,
  unfitOf,
  waitMs,
} from "../queue/mod.ts";
import type { Gate } from "./gate.ts";
import { outcomeOfError, unfitOutcome } from "./outcome_of.ts";
import type { Outcome } from "./outcomes.ts";
import { packOne } from "./pack_one.ts";
import type { Result, State } from "./result.ts";
import { sendOne } from "./send_one.ts";
import { settle, type Settled, type Tried } from "./settle.ts";
import type { Shop } from "./shop.ts";
import { findStampOf } from "./stamp_of.ts";

/** What a pass gives to each of its episodes. */
export interface PassContext {
  readonly shop: Shop;
  readonly gate: Gate;
  readonly signal: AbortSignal;
  /** No next try is waited for: somebody wants it now. */
  readonly allDue: boolean;
}

export interface ShipOneOptions {
  /** Episodes above this are left to another lane. */
  readonly largestBytes: number;
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
  if (shop.busy.has(id) || (!context.allDue && isPostponed(shop, id))) {
    return { id, state: "waiting" };
  }
  shop.busy.add(id);
  shop.observer.working?.(id);
  try {
    return await lookAndLock(context, id, options);
  } catch (error) {
    if (signal.aborted) return "stopped";
    return { id, ...afterError(shop, id, error) };
  } finally {
    shop.busy.delete(id);
    shop.observer.resting?.(id);
  }
}

const LOCKED: Outcome = {
  outcome: "transient",
  code: "locked",
  detail: "another process has its hand on it",
  scope: "episode",
};

async function lookAndLock(
  context: PassContext,
  id: EpisodeId,
  options: ShipOneOptions,
): Promise<Shipped> {
  const { shop, signal } = context;
  const { queue } = shop;
  const nowMs = queue.clock.now();
  let due = (record: EpisodeRecord) => context.allDue || isDue(record, nowMs);
  let look = lookAt(queue, id, due);
  if (await isAcceptedNow(context, look)) {
    due = () => true;
    look = lookAt(queue, id, due);
  }
  // Thousands wait for their next try: they cost no lock.
  if (isIdle(look)) {
    const next = await step(queue, look);
    if (next.kind === "rest") return restResult(look, next.rest);
  }
  const lock = tryLockEpisode(queue, id);
  if (lock === undefined) return { id, state: "waiting", outcome: LOCKED };
  try {
    const done = await underLock(context, id, due, options);
    if (signal.aborted) return "stopped";
    return done === "large" ? done : { id, ...done };
  } finally {
    lock.release();
  }
}

/** Whether its next try, which could not be written down, has not come yet. */
function isPostponed({ queue, memory }: Shop, id: EpisodeId): boolean {
  const nextTryMs = memory.nextTryMs(id);
  return nextTryMs !== undefined && !isDue({ nextTryMs }, queue.clock.now());
}

/** After a 412 the window that was read may be older than the refusal. */
const DISTRUST_MS = 5 * 60_000;

/** Whether an episode is held, not due, and of a commit that the window has by now. */
async function isAcceptedNow({ shop, gate }: PassContext, look: Look): Promise<boolean> {
  const { record, found } = look;
  if (found.episode !== "unseen" || record?.last?.outcome !== "held") return false;
  if (record.stamp === undefined || shop.breaker.reason !== undefined) return false;
  const sinceMs = shop.queue.clock.now() - (record.lastTryMs ?? 0);
  if (record.last.status !== undefined && sinceMs < DISTRUST_MS) return false;
  return (await gate.judge(record.stamp)).kind === "accepted";
}

function restResult({ id, record }: Look, rest: Rest): Result {
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
  due: (record: EpisodeRecord) => boolean,
  options: ShipOneOptions,
): Promise<Exclude<Step, "again">> {
  const { queue } = context.shop;
  for (let round = 0; round < ROUNDS; round++) {
    context.shop.observer.working?.(id);
    const look = lookAt(queue, id, due);
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

/** The fence: an error that no step expected ends this episode's try, and nobody else's. */
function afterError(
  shop: Shop,
  id: EpisodeId,
  error: unknown,
): { readonly state: State; readonly outcome: Outcome } {
  const { queue, memory, random } = shop;
  const path = queue.layout.episode(id);
  const outcome = outcomeOfError(error, "look", path) ?? bugOutcome(shop, id, error);
  if (outcome.outcome === "stuck") {
    const { code, detail, remediation } = outcome;
    queue.log("episode-stuck", { id, code, detail, remediation });
  }
  // Without a signature there is nothing to write a record about.
  const nextTryMs = queue.clock.now() + waitMs(random, "slow", 1);
  memory.remember(id, { nextTryMs, verdict: undefined });
  return { state: outcome.outcome === "stuck" ? "stuck" : "waiting", outcome };
}

function bugOutcome({ queue }: Shop, id: EpisodeId, error: unknown): Outcome {
  const detail = error instanceof Error ? error.message : String(error);
  const stack = error instanceof Error ? error.stack ?? detail : detail;
  queue.log("episode-failed", { id, code: "internal", stack });
  return { outcome: "transient", code: "internal", detail, scope: "episode" };
}
