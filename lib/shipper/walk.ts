/**
 * One look at every episode of a listing. What rests is counted; what has something to be done is offered to the lanes,
 * oldest first. Nothing is sent or packed here, so that a look at ten thousand that wait costs little, and always ends.
 */
import type { EpisodeId } from "../episode/mod.ts";
import {
  type EpisodeRecord,
  isDue,
  isIdle,
  type Look,
  lookAt,
  ruleFor,
  step,
} from "../queue/mod.ts";
import { isFsError } from "../sys/mod.ts";
import { afterError } from "./fence.ts";
import { isForSpace } from "./outcome_of.ts";
import type { Lane, Offer } from "./lanes.ts";
import type { Result } from "./result.ts";
import { type PassContext, restResult } from "./ship_one.ts";
import type { Shop } from "./shop.ts";

/** Above this an episode is large. */
export const LARGE_BYTES = 64 * 1024 * 1024;

export interface WalkOptions {
  /** No next try is waited for: somebody wants it now. */
  readonly allDue: boolean;
  /** Another pass follows soon, for what can't be done in this one. */
  readonly isOneOfMany: boolean;
  /** Told of each that rests. */
  readonly rests: (result: Result) => void;
}

/** So long at a stretch; then signals, answers and the workers have their turn. */
const STRETCH_MS = 20;

/** Ends early at `signal`. Throws nothing but bugs. */
export async function walk(
  context: PassContext,
  ids: readonly EpisodeId[],
  options: WalkOptions,
): Promise<void> {
  const { shop, signal } = context;
  const { queue: { clock }, lanes } = shop;
  const isSpaceBack = isSpaceBackNow(shop);
  if (isSpaceBack) shop.memory.spaceIsBack();
  const due = (record: EpisodeRecord) =>
    options.allDue || isDue(record, clock.now()) || shop.begun.has(record.id) ||
    (isSpaceBack && record.last !== undefined && isForSpace(record.last));
  let sinceMs = clock.monotonic();
  for (const id of ids) {
    if (clock.monotonic() - sinceMs >= STRETCH_MS) {
      await clock.sleep(0, signal);
      sinceMs = clock.monotonic();
    }
    if (signal.aborted) return;
    // An earlier pass has offered it.
    if (lanes.has(id)) continue;
    if (!options.allDue && isPostponed(shop, id)) {
      options.rests({ id, state: "waiting" });
      continue;
    }
    const seen = await visit(context, id, due, options);
    if ("state" in seen) options.rests(seen);
    else {
      lanes.offer(id, seen.lane, seen.offer);
      shop.begun.delete(id);
    }
  }
  lanes.order(ids);
}

/** Whether what failed for want of space need not wait any longer. */
function isSpaceBackNow({ room, queue: { layout } }: Shop): boolean {
  try {
    return room.isSpaceBack(layout.outbox);
  } catch (error) {
    if (!isFsError(error)) throw error;
    return false;
  }
}

type Seen = Result | { readonly lane: Lane; readonly offer: Offer };

type Due = (record: EpisodeRecord) => boolean;

async function visit(
  context: PassContext,
  id: EpisodeId,
  isDue: Due,
  options: WalkOptions,
): Promise<Seen> {
  const { shop } = context;
  shop.observer.working?.(id);
  try {
    return await lookAndJudge(context, id, isDue, options);
  } catch (error) {
    return { id, ...afterError(shop, id, error) };
  } finally {
    shop.observer.resting?.(id);
  }
}

async function lookAndJudge(
  context: PassContext,
  id: EpisodeId,
  isDue: Due,
  { isOneOfMany }: WalkOptions,
): Promise<Seen> {
  const { queue } = context.shop;
  const look = lookAt(queue, id, isDue);
  if (await isAcceptedNow(context, look)) {
    return { lane: "small", offer: { isDue: true, state: "waiting" } };
  }
  if (!isIdle(look)) {
    const isLarge = look.tree !== undefined && look.tree.sizeBytes > LARGE_BYTES;
    const rests = restResult(look, "waiting");
    if (isOneOfMany && waitsForPlace(context.shop, look)) return rests;
    const { state } = rests;
    const offer: Offer = { isDue: look.found.episode !== "unseen", state };
    return { lane: isLarge ? "large" : "small", offer };
  }
  const next = await step(queue, look);
  if (next.kind !== "rest") throw new TypeError(`an idle step leads to ${next.kind} for ${id}`);
  return restResult(look, next.rest);
}

/** Whether it only has to be packed, for which no place gets free before the receiver is back: thousands can be so. */
function waitsForPlace({ breaker, room, memory }: Shop, { id, found }: Look): boolean {
  return breaker.reason !== undefined && !room.hasPlace(id) && ruleFor(found).step === "pack" &&
    memory.nextTryMs(id) === undefined;
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
