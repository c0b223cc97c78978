/** The last step of every upload, and what is done for an archive whose last step was cut. */
import type { EpisodeId, HostId } from "../episode/mod.ts";
import type { Receipt } from "../wire/mod.ts";
import { type Committed, keyOf, type Parts } from "./parts.ts";
import { Refusal, retryAfter } from "./refusal.ts";
import { Stopwatch } from "./stopwatch.ts";
import type { Incoming, UploadKey } from "./store.ts";
import { inspectReading, receiptOf } from "./verification.ts";

/** Stores verified bytes. Throws Refusal `different-episode` when the name is taken by other ones. */
export async function commit(
  parts: Parts,
  from: Incoming | UploadKey,
  receipt: Receipt,
): Promise<Committed> {
  const { host, id } = receipt;
  const { clock, meter } = parts;
  const syncing = new Stopwatch(clock);
  let result = await syncing.time(() => parts.store.putIfAbsent(from, receipt));
  if (result.kind === "unreceipted") {
    // Whatever has the name gets its receipt, or is moved out of the way.
    await adopt(parts, host, id);
    result = await parts.store.putIfAbsent(from, receipt);
  }
  if (result.kind === "unreceipted") {
    throw new Refusal("busy", `${id} is being put in order`, { headers: retryAfter(5) });
  }
  if (result.receipt.episode_digest !== receipt.episode_digest) {
    throw differentEpisode(result.receipt);
  }
  meter.synced("commit", syncing.totalMs);
  if (result.kind === "stored") meter.stored(host, receipt.archive_bytes, clock.now());
  if (result.kind === "stored") parts.catalogue?.note(result.receipt);
  await dropPartials(parts, host, id);
  return result;
}

export function differentEpisode({ id, episode_digest }: Receipt): Refusal {
  return new Refusal("different-episode", `${id} is stored with episode digest ${episode_digest}`);
}

/**
 * Drops the partials of an episode, but those that are being verified and the one to keep. Whoever writes to one
 * ends first.
 */
export async function dropPartials(
  { store, turns, inFlight, verifications, followers }: Parts,
  host: HostId,
  id: EpisodeId,
  keep?: UploadKey,
): Promise<void> {
  for (const partial of await store.partialsOf(host, id)) {
    const key = keyOf(partial);
    if (partial.archiveDigest === keep?.archiveDigest || verifications.has(key)) continue;
    try {
      await turns.take(key, () => store.dropPartial(partial));
    } catch (error) {
      // A newer request took over; it finds out by itself how things stand.
      if (!(error instanceof Refusal)) throw error;
    }
    followers.drop(key);
    inFlight.end(key);
  }
}

/**
 * Verifies an archive that has its name but no receipt, and gives it one, or moves it to uploads/. Throws Refusal `verifying` when
 * that takes long.
 */
export async function adopt(parts: Parts, host: HostId, id: EpisodeId): Promise<void> {
  startAdoption(parts, host, id);
  await parts.adoptions.attach(`${host}/${id}`);
}

export function startAdoption(parts: Parts, host: HostId, id: EpisodeId): void {
  const { store, clock, log, limits, version } = parts;
  parts.adoptions.start(`${host}/${id}`, host, async () => {
    try {
      const verified = await inspectReading(store.openArchive(host, id), limits);
      const facts = { stamp: verified.stamp, nowMs: clock.now(), version };
      parts.catalogue?.note(await store.adopt(receiptOf(host, id, verified, facts)));
      log("archive-adopted", { host, id });
      // The one that the cut kept from being dropped, if it came in pieces.
      await dropPartials(parts, host, id);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      const path = await store.setAside(host, id);
      log("archive-set-aside", { host, id, path, why: error.message });
    }
  });
}
