/** Sends one archive and settles what comes of it. */
import { ArchiveError } from "../archive/mod.ts";
import { hasSignature } from "../episode/mod.ts";
import type { Upload } from "../transport/mod.ts";
import { outcomeOf } from "./outcome_of.ts";
import { settle, type Tried } from "./settle.ts";
import type { PassContext, Step } from "./ship_one.ts";
import { slotsFor } from "./shop.ts";

/** Who had to wait so long for a slot looks once more; less is no more than an upload takes, which a change may come in too. */
const OLD_LOOK_MS = 1000;

/**
 * Waits for a slot. While the receiver is away nothing is sent, and the archive waits where it is. Throws ArchiveError
 * `changed` when the episode is another one by then: what is stored first under its name would be what stays there.
 */
export async function sendOne(context: PassContext, tried: Tried): Promise<Step> {
  const { shop, signal } = context;
  const { queue, breaker, room, transport, observer } = shop;
  const { id, record, stamp } = tried;
  if (record?.packed === undefined) throw new TypeError(`${id} is sent without a record`);
  // It was packed before this process started, or with a place of its own.
  room.keep(id);
  const upload: Upload = {
    id,
    archive: queue.layout.archive(id),
    archiveBytes: record.packed.archiveBytes,
    archiveDigest: record.packed.archiveDigest,
    episodeDigest: record.packed.episodeDigest,
    stamp,
  };
  let ms = 0;
  // Until a slot is free.
  observer.resting?.(id);
  const askedMs = queue.clock.monotonic();
  const outcome = await slotsFor(shop, upload.archiveBytes).use(async () => {
    if (signal.aborted || breaker.reason !== undefined) return undefined;
    const startMs = queue.clock.monotonic();
    if (
      startMs - askedMs > OLD_LOOK_MS &&
      !hasSignature(queue.fs, queue.layout.episode(id), tried.signature)
    ) throw new ArchiveError("changed", id, "changed while its archive waited for its turn");
    let synced: { readonly bytes: number; readonly ms: number } | undefined;
    let isInPieces = false;
    const progress = (bytes: number, total: number) => {
      const nowMs = queue.clock.monotonic();
      // The first call tells what was there before.
      if (bytes < total) isInPieces = true;
      if (synced !== undefined && bytes > synced.bytes) {
        breaker.moved();
        shop.level.sent(bytes - synced.bytes, nowMs - synced.ms);
      }
      synced = { bytes, ms: nowMs };
      observer.sending?.(id, bytes, total);
    };
    observer.sending?.(id, 0, upload.archiveBytes);
    const answer = await transport.upload(upload, progress, signal);
    observer.working?.(id);
    ms = Math.round(queue.clock.monotonic() - startMs);
    if (answer.kind === "aborted") return undefined;
    if (answer.kind === "stored" && !answer.already && !isInPieces) {
      shop.level.sent(upload.archiveBytes, ms);
    }
    const outcome = outcomeOf(answer);
    // Before the next one has the slot: it must not run into the same outage.
    if (answer.kind !== "unreadable") breaker.note(outcome, id);
    return outcome;
  });
  if (outcome === undefined) {
    room.rest(id, queue.clock.now());
    return { state: "waiting" };
  }
  const settled = await settle(shop, tried, outcome);
  if (settled === "again" || (settled.state !== "shipped" && settled.state !== "already-stored")) {
    return settled;
  }
  const bytes = upload.archiveBytes;
  queue.log("episode-shipped", { id, bytes, ms, already: settled.state === "already-stored" });
  return { ...settled, bytes, ms };
}
