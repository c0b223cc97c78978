/** Packs one ready episode, if its commit is accepted and there is room for its archive; and sends it. */
import { ArchiveError } from "../archive/mod.ts";
import type { EpisodeId, Tree } from "../episode/mod.ts";
import {
  commitArchive,
  dropArchive,
  type EpisodeRecord,
  newRecord,
  type PackedNote,
  tryLockEpisode,
} from "../queue/mod.ts";
import { isFsError } from "../sys/mod.ts";
import type { Outcome } from "./outcomes.ts";
import { makeRoom } from "./prune.ts";
import { archiveBoundBytes } from "./room.ts";
import { sendOne } from "./send_one.ts";
import { settle, type Tried } from "./settle.ts";
import type { PassContext, Step } from "./ship_one.ts";
import type { Shop } from "./shop.ts";

/** Packs it, and sends what was packed. Throws ArchiveError, FsError; the signal's reason after an abort. */
export async function packOne(context: PassContext, tried: Tried, tree: Tree): Promise<Step> {
  const { shop, gate, signal } = context;
  const { breaker } = shop;
  const { id, stamp } = tried;
  // While the receiver is away nothing is known of the window, and packing ahead goes on.
  if (stamp !== undefined && breaker.reason === undefined) {
    const judgement = await gate.judge(stamp);
    if (judgement.kind === "outside") return await settle(shop, tried, judgement.outcome);
  }
  // Others may be asked for first.
  shop.observer.resting?.(id);
  const ended = breaker.reason === undefined
    ? await shop.level.settle(shop.queue.clock, signal)
    : undefined;
  try {
    return await packAndSend(context, tried, tree);
  } finally {
    ended?.();
  }
}

async function packAndSend(context: PassContext, tried: Tried, tree: Tree): Promise<Step> {
  const { shop, signal } = context;
  const { room } = shop;
  const { id } = tried;
  if (signal.aborted) return { state: "waiting" };

  const bound = archiveBoundBytes(tree.sizeBytes, tree.entries.length);
  await makeRoom(shop, () => room.hasSpace(shop.queue.layout.outbox, bound), signal);
  shop.observer.working?.(id);
  const low = findDiskLow(shop, id, bound);
  if (low !== undefined) return { state: "waiting", outcome: low };
  if (!await takePlace(shop, id, bound)) return { state: "waiting" };
  let record: EpisodeRecord;
  try {
    record = await pack(shop, tried, tree, signal);
  } catch (error) {
    room.leave(id);
    throw error;
  }
  room.packed(id);
  return await sendOne(context, { ...tried, stamp: record.stamp, record });
}

/** Why there is no space for an archive of `bound` bytes. Nothing is written down: the disk is the matter. */
function findDiskLow(shop: Shop, id: EpisodeId, bound: number): Outcome | undefined {
  const { queue, room, options } = shop;
  const dir = queue.layout.outbox;
  if (room.hasSpace(dir, bound)) return undefined;
  const { freeBytes } = queue.fs.space(dir);
  const { promisedBytes } = room;
  const beside = promisedBytes === 0
    ? ""
    : `, less ${promisedBytes} for archives that are being packed`;
  queue.log("disk-low", { id, needed_bytes: bound, free_bytes: freeBytes, dir });
  return {
    outcome: "transient",
    code: "disk-low",
    detail: `packing pauses: an archive of up to ${bound} bytes and min_free_mb ` +
      `(${options.minFreeBytes} bytes) do not fit into the ${freeBytes} bytes that are free${beside}`,
    scope: "episode",
    remediation: `df -h ${dir}`,
  };
}

/** A place in the outbox; while the receiver answers, an archive that has long to wait gives up its own. */
async function takePlace(shop: Shop, id: EpisodeId, bound: number): Promise<boolean> {
  const { room, breaker } = shop;
  while (!room.take(id, bound)) {
    const other = breaker.reason === undefined ? room.findLeastUrgent() : undefined;
    if (other === undefined) return false;
    room.leave(other);
    await giveUpArchive(shop, other);
  }
  return true;
}

/**
 * It keeps its record: packing again costs less than keeping the others waiting. Throws nothing but bugs: what can't be
 * removed is told to whoever looks at `id` itself, and must not keep the episode that needs the place.
 */
async function giveUpArchive({ queue }: Shop, id: EpisodeId): Promise<void> {
  try {
    const lock = tryLockEpisode(queue, id);
    // Somebody works on it, and will bring it to an end.
    if (lock === undefined) return;
    try {
      await dropArchive(queue, id);
    } finally {
      lock.release();
    }
  } catch (error) {
    if (!isFsError(error)) throw error;
  }
}

/** The record of the archive that is in the outbox now. */
async function pack(
  shop: Shop,
  tried: Tried,
  tree: Tree,
  signal: AbortSignal,
): Promise<EpisodeRecord> {
  const { queue, packer, observer } = shop;
  const { id, record, signature } = tried;
  const progress = (bytes: number) => observer.packing?.(id, bytes, tree.sizeBytes);
  const { level } = shop.level;
  let startMs = 0;
  const onStart = () => {
    startMs = queue.clock.monotonic();
    progress(0);
  };
  // It may have to wait until other episodes are packed.
  observer.resting?.(id);
  const packed = await packer.pack({
    episodePath: queue.layout.episode(id),
    partialPath: queue.layout.partial(id),
    level,
  }, { signal, onStart, onProgress: progress });
  observer.working?.(id);
  shop.level.packed(packed, level, queue.clock.monotonic() - startMs);
  const note: PackedNote = {
    format: packed.format,
    episodeDigest: packed.episodeDigest,
    archiveDigest: packed.archiveDigest,
    archiveBytes: packed.archiveBytes,
    tarBytes: packed.tarBytes,
    entries: packed.entries,
  };
  if (packed.signature !== signature) {
    // It is whole, but of something that nobody has seen settle.
    throw new ArchiveError("changed", id, "changed between the look at it and the packing");
  }
  const stamp = packed.meta.kind === "stamped" ? packed.meta.stamp : undefined;
  const packedRecord = { ...record ?? newRecord(id, signature, stamp), stamp, packed: note };
  await commitArchive(queue, packedRecord);
  return packedRecord;
}
