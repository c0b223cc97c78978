/**
 * What is old leaves the disk: shipped episodes of which the receiver shows that it still has them, and quarantined ones
 * after their days. The quarantine is the one place where an episode that nobody else has is ever deleted.
 */
import { ArchiveError, digestEpisode } from "../archive/mod.ts";
import { hasSignature } from "../episode/mod.ts";
import {
  findLastLook,
  findShelved,
  listShelved,
  noteLastLook,
  removeShelved,
  restartDays,
  returnToQueue,
  type Shelf,
  type Shelved,
  tryLockEpisode,
} from "../queue/mod.ts";
import { isFsError } from "../sys/mod.ts";
import type { Shop } from "./shop.ts";
import { Slots } from "./slots.ts";

export interface RetentionOptions {
  /** Age at which a quarantined episode is deleted, in milliseconds; undefined: never. */
  readonly quarantineKeepMs: number | undefined;
  /** Age at which a shipped episode is deleted; undefined: not by its age. */
  readonly shippedKeepMs: number | undefined;
  /** The least time between two looks for what is old. */
  readonly intervalMs: number;
}

/** No look removes more: neither a clock nor a bug of ours shall empty a shelf at once. */
const MOST_REMOVED = 200;
/** No look takes more in hand, whatever becomes of them: each costs a request. */
const MOST_HANDLED = 1000;
/** A look that could not be made, or did not help, is not made again before. */
const AGAIN_MS = 60_000;

/** What a shop remembers of its looks. Monotonic milliseconds. */
export interface Looks {
  /** Undefined in a process that has not looked yet. */
  nextMs: number | undefined;
  nextForSpaceMs: number;
  /** Places of what was to be removed and had to stay: the next looks begin with the others. */
  readonly kept: Set<string>;
  /** Settles when the look that is under way has ended. */
  running: Promise<void> | undefined;
  /** One look for space at a time. */
  readonly turn: Slots;
}

export function newLooks(): Looks {
  return {
    nextMs: undefined,
    nextForSpaceMs: -Infinity,
    kept: new Set(),
    running: undefined,
    turn: new Slots(1),
  };
}

/**
 * What a pass begins with: removes what is old, if it is time to, and makes room on a low disk. Each removal waits for the
 * receiver, so a daemon's passes do not wait for its end; while it goes on, a second one is the same. Throws nothing.
 */
export function prune(shop: Shop, signal: AbortSignal): Promise<void> {
  return shop.looks.running ??= pruneNow(shop, signal).finally(() =>
    shop.looks.running = undefined
  );
}

async function pruneNow(shop: Shop, signal: AbortSignal): Promise<void> {
  const { outbox, dataDir } = shop.queue.layout;
  try {
    await pruneIfDue(shop, signal);
    await makeRoom(shop, () => shop.room.hasSpace(outbox, 0), signal);
  } catch (error) {
    // Episodes are to be shipped whatever is wrong with the shelves.
    const why = error instanceof Error ? error.message : String(error);
    const stack = isFsError(error) || !(error instanceof Error) ? undefined : error.stack;
    shop.queue.log("prune-failed", { place: dataDir, why, stack });
  }
}

async function pruneIfDue(shop: Shop, signal: AbortSignal): Promise<void> {
  const { queue, looks, options: { retention } } = shop;
  const { clock } = queue;
  if (retention.quarantineKeepMs === undefined && retention.shippedKeepMs === undefined) return;
  // A process that is started again and again goes by what the one before it has kept.
  looks.nextMs ??= clock.monotonic() + waitAfter(findLastLook(queue), clock.now(), retention);
  if (clock.monotonic() < looks.nextMs || shop.breaker.reason !== undefined) return;
  looks.nextMs = clock.monotonic() + Math.min(AGAIN_MS, retention.intervalMs);
  if (!await shop.clockCheck.agrees(signal)) return;
  const nowMs = clock.now();
  for (const shelf of ["shipped", "quarantine"] as const) {
    await handleOldest(shop, findOld(shop, shelf, nowMs), "it is old enough", signal);
  }
  looks.nextMs = clock.monotonic() + retention.intervalMs;
  await noteLastLook(queue, nowMs);
}

function waitAfter(
  lastMs: number | undefined,
  nowMs: number,
  { intervalMs }: RetentionOptions,
): number {
  const leftMs = lastMs === undefined ? 0 : lastMs + intervalMs - nowMs;
  // More than an interval ahead: it was written by a clock that was wrong, or this one is.
  return leftMs > intervalMs ? 0 : leftMs;
}

function findOld(shop: Shop, shelf: Shelf, nowMs: number): Shelved[] {
  const { quarantineKeepMs, shippedKeepMs } = shop.options.retention;
  const keepMs = shelf === "shipped" ? shippedKeepMs : quarantineKeepMs;
  if (keepMs === undefined) return [];
  return Iterator.from(listShelved(shop.queue, shelf))
    .filter(({ atMs, isTimeSure }) => !isTimeSure || atMs + keepMs <= nowMs)
    // Another episode of that name is at the receiver: these files are nowhere else, and nobody has judged them.
    .filter(({ code }) => code !== "different-episode")
    .toArray();
}

/**
 * Removes the oldest shipped episodes until `isEnough`, after the same check as for their age. Throws FsError when the
 * shelf can't be read.
 */
export async function makeRoom(
  shop: Shop,
  isEnough: () => boolean,
  signal: AbortSignal,
): Promise<void> {
  const { queue, looks, clockCheck, breaker } = shop;
  const isInVain = () =>
    isEnough() || breaker.reason !== undefined || queue.clock.monotonic() < looks.nextForSpaceMs;
  if (isInVain()) return;
  await looks.turn.use(async () => {
    // The one before may have helped both.
    if (isInVain()) return;
    looks.nextForSpaceMs = queue.clock.monotonic() + AGAIN_MS;
    if (!await clockCheck.agrees(signal)) return;
    const all = [...listShelved(queue, "shipped")];
    await handleOldest(shop, all, "the disk is low", signal, isEnough);
    if (isEnough()) looks.nextForSpaceMs = -Infinity;
  });
}

/** `silent`: the receiver does not tell what it has, so the others need not be asked for. */
type Handled = "removed" | "kept" | "silent";

async function handleOldest(
  shop: Shop,
  shelved: Shelved[],
  why: string,
  signal: AbortSignal,
  isEnough: () => boolean = () => false,
): Promise<void> {
  const { queue, observer, looks: { kept } } = shop;
  // Those that stay whatever is done would otherwise use up every look, once there are enough of them.
  const rank = (one: Shelved) => kept.has(placeOf(one)) ? 1 : 0;
  shelved.sort((a, b) => rank(a) - rank(b) || a.atMs - b.atMs);
  let removed = 0;
  for (const one of shelved.slice(0, MOST_HANDLED)) {
    if (signal.aborted || removed === MOST_REMOVED || isEnough()) return;
    observer.pruning?.(placeOf(one));
    try {
      const handled = await handleOne(shop, one, why, signal);
      if (handled === "removed") {
        kept.delete(placeOf(one));
        removed += 1;
      } else {
        kept.add(placeOf(one));
      }
      if (handled === "silent") return;
    } catch (error) {
      if (!isFsError(error)) throw error;
      kept.add(placeOf(one));
      queue.log("prune-failed", { place: placeOf(one), why: error.message, stack: undefined });
    } finally {
      observer.pruned?.(placeOf(one));
    }
  }
}

const placeOf = ({ shelf, name }: Shelved) => `${shelf}/${name}`;

async function handleOne(
  shop: Shop,
  listed: Shelved,
  why: string,
  signal: AbortSignal,
): Promise<Handled> {
  const { queue } = shop;
  const lock = tryLockEpisode(queue, listed.id);
  // An operator has his hand on it.
  if (lock === undefined) return "kept";
  try {
    const shelved = findShelved(queue, listed.shelf, listed.name);
    // It is not the one that was listed.
    if (shelved === undefined || shelved.atMs !== listed.atMs) return "kept";
    if (!shelved.isTimeSure) {
      await restartDays(queue, shelved.name, queue.clock.now());
      return "kept";
    }
    const verdict = await judge(shop, shelved, signal);
    if (verdict !== "removed") return verdict;
    await removeShelved(queue, shelved);
    const recorded = new Date(shelved.atMs).toISOString();
    const fields = { id: shelved.id, place: placeOf(shelved), recorded_at: recorded };
    queue.log("pruned", { ...fields, why });
    return "removed";
  } finally {
    lock.release();
  }
}

/** `removed` when it may be. One that the receiver has not, or not as it is now, goes back into the queue. */
async function judge(shop: Shop, shelved: Shelved, signal: AbortSignal): Promise<Handled> {
  if (shelved.shelf === "quarantine") return "removed";
  const { queue, transport } = shop;
  const { id, name } = shelved;
  const said = { id, place: placeOf(shelved) };
  const goBack = async (why: "shipped-lost" | "shipped-changed"): Promise<Handled> => {
    const returned = await returnToQueue(queue, "shipped", name, queue.clock.now());
    queue.log(returned === "returned" ? why : "return-blocked", said);
    return "kept";
  };
  const answer = await transport.stored(id, signal);
  switch (answer.kind) {
    case "present": {
      if (answer.episodeDigest !== shelved.episodeDigest) {
        queue.log("shipped-differs", said);
        return "kept";
      }
      const isAsShipped = await compare(shop, shelved, signal);
      if (isAsShipped === undefined) return "kept";
      return isAsShipped ? "removed" : await goBack("shipped-changed");
    }
    case "missing":
      return await goBack("shipped-lost");
    default:
      return "silent";
  }
}

/**
 * Whether the files are still those that the receiver has; undefined when there was no time to find out. Who had kept one open
 * may have written to it here, and of that no receiver knows. Throws FsError.
 */
async function compare(
  { queue: { fs, layout }, observer }: Shop,
  shelved: Shelved,
  signal: AbortSignal,
): Promise<boolean | undefined> {
  const { name, signature } = shelved;
  const { episode } = layout.place("shipped", name);
  if (signature !== undefined && hasSignature(fs, episode, signature)) return true;
  // Another owner, or a copy that was put back, has another signature as well: only the bytes tell.
  try {
    const digest = await digestEpisode(fs, episode, {
      signal,
      onProgress: () => observer.pruning?.(placeOf(shelved)),
    });
    return digest === shelved.episodeDigest;
  } catch (error) {
    if (signal.aborted) return undefined;
    // Such as it is, nothing can be packed of it, so it is not what was shipped.
    if (error instanceof ArchiveError) return false;
    throw error;
  }
}
