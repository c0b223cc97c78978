/** Does to one episode what the outcome of a try asks for: the doing half of outcomes.ts. */
import {
  dropArchive,
  type EpisodeRecord,
  type LastTry,
  type Moved,
  newRecord,
  quarantine,
  resetEpisode,
  retire,
  type Schedule,
  waitMs,
  writeRecord,
} from "../queue/mod.ts";
import type { EpisodeId, Signature, Stamp } from "../episode/mod.ts";
import { isFsError } from "../sys/mod.ts";
import { isForSpace, outcomeOfError } from "./outcome_of.ts";
import { type Act, type Outcome, outcomeRow } from "./outcomes.ts";
import type { State } from "./result.ts";
import type { Shop } from "./shop.ts";

/** The episode as it was when it was tried. */
export interface Tried {
  readonly id: EpisodeId;
  readonly signature: Signature;
  readonly stamp: Stamp | undefined;
  readonly record: EpisodeRecord | undefined;
}

/** `again`: the rules have more to do for it now. */
export type Settled = { readonly state: State; readonly outcome: Outcome } | "again";

type Do = (shop: Shop, tried: Tried, outcome: Outcome) => Promise<Settled>;

const ACTS: Readonly<Record<Act, Do>> = {
  retire: (shop, tried, outcome) => carryOut(shop, tried, outcome, "shipped"),
  quarantine: (shop, tried, outcome) => carryOut(shop, tried, outcome, "quarantined"),
  unpack,
  keep,
  forget,
};

/** The caller holds the episode's lock. Throws nothing but bugs. */
export async function settle(shop: Shop, tried: Tried, outcome: Outcome): Promise<Settled> {
  return await ACTS[outcomeRow(outcome.outcome).act](shop, tried, outcome);
}

/** The record with one more try. */
function triedRecord(shop: Shop, tried: Tried): EpisodeRecord {
  const { id, signature, stamp, record } = tried;
  const nowMs = shop.queue.clock.now();
  const before = record?.signature === signature ? record : newRecord(id, signature, stamp);
  return {
    ...before,
    stamp: stamp ?? before.stamp,
    tries: before.tries + 1,
    firstTryMs: before.firstTryMs ?? nowMs,
    lastTryMs: nowMs,
  };
}

/** The move to a shelf. What is in its way makes the episode stuck; the verdict is remembered. */
async function carryOut(
  shop: Shop,
  tried: Tried,
  outcome: Outcome,
  state: "shipped" | "quarantined",
): Promise<Settled> {
  const { queue } = shop;
  const { id, signature } = tried;
  let moved: Moved;
  try {
    moved = await move(shop, tried, outcome);
  } catch (error) {
    const stuck = outcomeOfError(error, "move", queue.layout.episode(id));
    if (stuck === undefined) throw error;
    const settled = await keep(shop, tried, stuck);
    const nextTryMs = shop.memory.nextTryMs(id) ?? queue.clock.now();
    const verdict = { signature, outcome };
    shop.memory.remember(id, { nextTryMs, isForSpace: isForSpace(stuck), verdict });
    return settled;
  }
  shop.memory.forget(id);
  if (moved === "moved") {
    shop.room.leave(id);
    if (state === "quarantined") {
      const { code, detail, status, remediation } = outcome;
      queue.log("episode-quarantined", { id, code, status, detail, remediation });
    }
    return { state: outcome.outcome === "already-stored" ? "already-stored" : state, outcome };
  }
  const detail = "the episode changed after it was packed";
  queue.log("episode-changed", { id, detail });
  return await forget(shop, tried, { ...outcome, outcome: "changed", code: "changed", detail });
}

function move(shop: Shop, tried: Tried, outcome: Outcome): Promise<Moved> {
  const { queue } = shop;
  const { id, signature, stamp, tries, firstTryMs, lastTryMs } = triedRecord(shop, tried);
  const note = { id, signature, stamp, tries, firstTryMs, lastTryMs, atMs: queue.clock.now() };
  if (outcome.outcome === "stored" || outcome.outcome === "already-stored") {
    return retire(queue, { ...note, receipt: outcome.receipt });
  }
  const { code, detail, status, problem, remediation } = outcome;
  const { isAgreed: isClockChecked } = shop.clockCheck;
  const reason = { code, detail, status, problem, remediation, isClockChecked };
  return quarantine(queue, { ...note, ...reason });
}

/** Held, or packed in vain: without its archive. */
async function unpack(shop: Shop, tried: Tried, outcome: Outcome): Promise<Settled> {
  const { queue } = shop;
  const { id } = tried;
  try {
    await dropArchive(queue, id);
  } catch (error) {
    // Then the record stays about the old archive, and the next look has it dropped.
    const stuck = outcomeOfError(error, "move", queue.layout.outbox);
    if (stuck === undefined) throw error;
    return await keep(shop, tried, stuck);
  }
  shop.room.leave(id);
  const last = tried.record?.last;
  const isFirst = last?.outcome !== "repack" && last?.code !== outcome.code;
  const unpacked = tried.record && { ...tried.record, packed: undefined };
  if (outcome.outcome === "held") return await note(shop, { ...tried, record: unpacked }, outcome);
  queue.log("archive-refused", { id, code: outcome.code, detail: outcome.detail, again: isFirst });
  // The same refusal of a fresh archive speaks against the receiver's disk, not against the episode.
  const next = isFirst ? "now" : "slow";
  const repacked: Outcome = { ...outcome, outcome: isFirst ? "repack" : "transient" };
  const settled = await note(shop, { ...tried, record: unpacked }, repacked, next);
  return isFirst ? "again" : settled;
}

async function keep(shop: Shop, tried: Tried, outcome: Outcome): Promise<Settled> {
  // The receiver's outage is not held against the episode: nothing is written, and the breaker says when.
  if (outcome.scope === "receiver") {
    shop.room.rest(tried.id, shop.queue.clock.now());
    return { state: "waiting", outcome };
  }
  return await note(shop, tried, outcome);
}

async function forget(shop: Shop, { id }: Tried, outcome: Outcome): Promise<Settled> {
  shop.room.leave(id);
  shop.memory.forget(id);
  try {
    await resetEpisode(shop.queue, id);
  } catch (error) {
    // The record's signature is not the episode's any more: the next look has it reset.
    if (!isFsError(error)) throw error;
  }
  return { state: outcome.outcome === "gone" ? "gone" : "not-ready", outcome };
}

/** Writes down the try and when the next one is due. */
async function note(
  shop: Shop,
  tried: Tried,
  outcome: Outcome,
  when: Schedule | "now" | undefined = outcomeRow(outcome.outcome).schedule,
): Promise<Settled> {
  const { queue } = shop;
  const { id } = tried;
  const record = triedRecord(shop, tried);
  const isNow = when === undefined || when === "now";
  const wait = isNow ? 0 : waitMs(shop.random, when, record.tries, outcome.retryAfterMs);
  const nextTryMs = queue.clock.now() + wait;
  const { code, detail, status } = outcome;
  const last: LastTry = { outcome: outcome.outcome, code, detail, status };
  try {
    await writeRecord(queue.fs, queue.layout, {
      ...record,
      nextTryMs: isNow ? undefined : nextTryMs,
      last,
    });
    shop.memory.forget(id);
  } catch (error) {
    if (!isFsError(error)) throw error;
    queue.log("record-not-written", { id, why: error.message });
    shop.memory.remember(id, { nextTryMs, isForSpace: isForSpace(outcome), verdict: undefined });
  }
  if (hasArchive(shop, id)) shop.room.rest(id, nextTryMs);
  else shop.room.leave(id);
  report(shop, id, outcome, wait);
  return { state: stateOf(outcome), outcome };
}

function hasArchive({ queue }: Shop, id: EpisodeId): boolean {
  try {
    return queue.fs.findStat(queue.layout.archive(id)) !== undefined;
  } catch (error) {
    if (!isFsError(error)) throw error;
    return true;
  }
}

function report({ queue }: Shop, id: EpisodeId, outcome: Outcome, waitMs: number): void {
  const { code, detail, status, remediation } = outcome;
  switch (outcome.outcome) {
    case "held":
      return queue.log("episode-held", { id, code, status, detail });
    case "stuck":
      return queue.log("episode-stuck", { id, code, detail, remediation });
    case "transient":
      return queue.log("try-failed", {
        id,
        code,
        status,
        detail,
        next_try_s: Math.round(waitMs / 1000),
      });
  }
}

function stateOf(outcome: Outcome): State {
  if (outcome.outcome === "held" || outcome.outcome === "stuck") return outcome.outcome;
  return "waiting";
}
