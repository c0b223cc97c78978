/**
 * Uploads in pieces: a profile of draft-ietf-httpbis-resumable-upload-15. An announcement creates or resumes the
 * upload; each piece is counted only when it is synced and has its digest; the last one settles it.
 */
import { createHash } from "node:crypto";
import { digestOfBytes } from "../episode/mod.ts";
import { HEADER } from "../wire/mod.ts";
import { announced, continued, stored, uploadState } from "./answers.ts";
import { readBody } from "./body.ts";
import type { Claim, PieceClaim } from "./claim.ts";
import { differentEpisode, dropPartials } from "./commit.ts";
import { patienceMs } from "./limits.ts";
import type { Coming } from "./in_flight.ts";
import { keyOf, type Parts, uploadLimit } from "./parts.ts";
import { Refusal } from "./refusal.ts";
import { settle } from "./settle.ts";
import { Stopwatch } from "./stopwatch.ts";
import type { Announcement, PartialUpload, UploadKey } from "./store.ts";
import { UploadVerification } from "./upload_verification.ts";

/** Creates the upload, its place being taken; older ones of the same episode are dropped. */
export async function announce(parts: Parts, claim: Claim): Promise<Response> {
  const key = keyOf(claim);
  try {
    await dropPartials(parts, claim.host, claim.id, claim);
    const partial = await parts.turns.take(key, () => parts.store.announce(claim));
    return announced(partial, uploadLimit(parts));
  } catch (error) {
    parts.inFlight.end(key);
    throw error;
  }
}

/** Resumes an upload that was admitted before; undefined when there is none, or not of this announcement. */
export async function resume(parts: Parts, claim: Claim): Promise<Response | undefined> {
  const { store, turns, inFlight, verifications, followers } = parts;
  const key = keyOf(claim);
  if (verifications.has(key)) return await settle(parts, claim);
  if (await store.findPartial(claim) === undefined) return undefined;
  const partial = await turns.take(key, async () => {
    const found = await store.findPartial(claim);
    if (found === undefined || isSame(found, claim)) return found;
    followers.drop(key);
    await store.dropPartial(claim);
    return undefined;
  });
  if (partial === undefined) return undefined;
  if (isComplete(partial)) return await settle(parts, partial);
  inFlight.moved(comingOf(partial));
  return announced(partial, uploadLimit(parts));
}

/** HEAD of an upload: how far it is, once an older request's writes have ended. */
export async function showUpload(parts: Parts, key: UploadKey): Promise<Response> {
  const { store, turns, verifications } = parts;
  const find = async () => await store.findPartial(key) ?? unknown(key);
  const partial = verifications.has(keyOf(key)) ? await find() : await turns.take(keyOf(key), find);
  return uploadState(partial, uploadLimit(parts));
}

/** PATCH of an upload. */
export async function receivePiece(
  parts: Parts,
  key: UploadKey,
  claim: PieceClaim,
  request: Request,
): Promise<Response> {
  const found = await parts.store.findPartial(key);
  const receipt = await parts.store.find(key.host, key.id);
  if (receipt !== undefined) {
    const isOurs = receipt.archive_digest === key.archiveDigest ||
      receipt.episode_digest === found?.episodeDigest;
    if (isOurs) return stored(receipt, true);
    if (found !== undefined) throw differentEpisode(receipt);
  }
  if (found === undefined) return unknown(key);
  const partial = isComplete(found)
    ? await repeatLast(parts, found, claim, request)
    : await parts.turns.take(keyOf(key), async (signal) => {
      const work = () => append(parts, key, claim, request, signal);
      const grown = await parts.bodies.run(key.host, work, signal);
      follow(parts, grown, claim);
      return grown;
    });
  return isComplete(partial) ? await settle(parts, partial) : continued(partial);
}

/** The last piece once more, its answer being lost: it need not be written to attach to the verification. */
async function repeatLast(
  { clock, limits }: Parts,
  partial: PartialUpload,
  claim: PieceClaim,
  request: Request,
): Promise<PartialUpload> {
  if (!claim.isLast || claim.offsetBytes + claim.bytes !== partial.archiveBytes) {
    throw new Refusal("completed-upload", "all bytes are here", { headers: offsetOf(partial) });
  }
  const { stallMs } = limits;
  const patience = { stallMs, patienceMs: patienceMs(limits, claim.bytes) };
  for await (const chunk of readBody(request, { clock, bytes: claim.bytes, ...patience })) {
    void chunk;
  }
  return partial;
}

async function append(
  { store, clock, limits, inFlight, meter, bodies }: Parts,
  key: UploadKey,
  claim: PieceClaim,
  request: Request,
  signal: AbortSignal,
): Promise<PartialUpload> {
  // Looked at again: the older request has ended since.
  const partial = await store.findPartial(key) ?? unknown(key);
  checkPlace(partial, claim);
  inFlight.checkRoom(key.host, claim.bytes);
  const hash = createHash("sha256");
  const piece = await store.append(key);
  try {
    const { stallMs } = limits;
    const patience = { stallMs, patienceMs: patienceMs(limits, claim.bytes), signal };
    for await (const chunk of readBody(request, { clock, bytes: claim.bytes, ...patience })) {
      meter.received(chunk.byteLength);
      hash.update(chunk);
      await piece.write(chunk);
      await bodies.pause(key.host);
    }
    if (digestOfBytes(hash.digest()) !== claim.digest) {
      throw new Refusal("bad-digest", "the piece that arrived does not have its Content-Digest");
    }
    const syncing = new Stopwatch(clock);
    const grown = await syncing.time(() => piece.commit());
    meter.synced("piece", syncing.totalMs);
    inFlight.moved(comingOf(grown));
    return grown;
  } finally {
    await piece.abandon();
  }
}

/** The bytes of the piece count: what verifies the upload may read them. */
function follow(parts: Parts, grown: PartialUpload, { offsetBytes, isLast }: PieceClaim): void {
  const { host, offsetBytes: toBytes } = grown;
  const piece = { key: keyOf(grown), host, fromBytes: offsetBytes, toBytes, isLast };
  parts.followers.grew(piece, () => new UploadVerification(parts, grown));
}

function checkPlace(partial: PartialUpload, claim: PieceClaim): void {
  if (claim.offsetBytes !== partial.offsetBytes) {
    throw new Refusal(
      "mismatching-upload-offset",
      `the piece begins at ${claim.offsetBytes}, ${partial.offsetBytes} bytes are synced`,
      { headers: offsetOf(partial) },
    );
  }
  const endBytes = claim.offsetBytes + claim.bytes;
  if (endBytes > partial.archiveBytes || claim.isLast !== (endBytes === partial.archiveBytes)) {
    throw new Refusal(
      "inconsistent-upload-length",
      `the piece ends at ${endBytes} of ${partial.archiveBytes} bytes ` +
        `and is ${claim.isLast ? "" : "not "}said to be the last`,
      { headers: offsetOf(partial) },
    );
  }
}

function comingOf(partial: PartialUpload): Coming {
  const { host, archiveBytes, offsetBytes } = partial;
  return { key: keyOf(partial), host, leftBytes: archiveBytes - offsetBytes };
}

function isComplete(partial: PartialUpload): boolean {
  return partial.offsetBytes === partial.archiveBytes;
}

function isSame(a: Announcement, b: Announcement): boolean {
  return a.archiveBytes === b.archiveBytes && a.episodeDigest === b.episodeDigest &&
    a.stamp === b.stamp;
}

function offsetOf(partial: PartialUpload): Record<string, string> {
  return { [HEADER.uploadOffset]: String(partial.offsetBytes) };
}

function unknown({ id, archiveDigest }: UploadKey): never {
  throw new Refusal("upload-unknown", `${id} has no upload of archive ${archiveDigest}`);
}
