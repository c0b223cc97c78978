/** An upload in pieces of which all bytes are there: from its last byte to its receipt. */
import { problemRow } from "../wire/mod.ts";
import { stored } from "./answers.ts";
import { commit } from "./commit.ts";
import { type Committed, keyOf, type Parts } from "./parts.ts";
import { Refusal } from "./refusal.ts";
import type { Announcement } from "./store.ts";
import { UploadVerification } from "./upload_verification.ts";
import { receiptOf, type VerifiedArchive } from "./verification.ts";

/** Verifies and stores the upload, or attaches to that. */
export async function settle(parts: Parts, announcement: Announcement): Promise<Response> {
  const key = keyOf(announcement);
  const { verifications, followers } = parts;
  if (!verifications.has(key)) {
    const { host, archiveBytes } = announcement;
    const followed = followers.take(key, archiveBytes);
    const work = () => {
      const verification = followed ?? new UploadVerification(parts, announcement);
      return verifyAndCommit(parts, announcement, verification);
    };
    // One that has followed the pieces keeps the place that it has.
    verifications.start(key, host, work, { hasPlace: followed !== undefined });
  }
  const { kind, receipt } = await verifications.attach(key);
  return stored(receipt, kind === "already");
}

async function verifyAndCommit(
  parts: Parts,
  announcement: Announcement,
  verification: UploadVerification,
): Promise<Committed> {
  const { store, clock, log, inFlight, version } = parts;
  const { host, id, stamp, archiveBytes: bytes } = announcement;
  const startedMs = clock.monotonic();
  try {
    const verified = await verify(parts, verification);
    const facts = { stamp, nowMs: clock.now(), version };
    const committed = await commit(parts, announcement, receiptOf(host, id, verified, facts));
    await store.dropPartial(announcement);
    const ms = Math.round(clock.monotonic() - startedMs);
    if (committed.kind === "stored") log("episode-received", { host, id, bytes, ms });
    return committed;
  } catch (error) {
    // These bytes can never be stored; after a fault of the disk they wait for another try.
    if (error instanceof Refusal && isFinal(error)) await store.dropPartial(announcement);
    throw error;
  } finally {
    inFlight.end(keyOf(announcement));
  }
}

async function verify(
  { meter }: Parts,
  verification: UploadVerification,
): Promise<VerifiedArchive> {
  try {
    const verified = await verification.end();
    meter.verified(verification.totalMs);
    return verified;
  } finally {
    verification.abort();
  }
}

function isFinal({ problem }: Refusal): boolean {
  const { verdict } = problemRow(problem);
  return verdict === "fatal" || verdict === "repack";
}
