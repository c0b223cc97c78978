/** An archive that comes whole, as the body of its PUT: written, verified and stored in one pass. */
import { stored } from "./answers.ts";
import { readBody } from "./body.ts";
import type { Claim } from "./claim.ts";
import { commit } from "./commit.ts";
import { patienceMs } from "./limits.ts";
import type { Parts } from "./parts.ts";
import { Stopwatch } from "./stopwatch.ts";
import { receiptOf, Verification } from "./verification.ts";

/** @param place the upload's place among those under way; given back at the end */
export async function receiveWhole(
  parts: Parts,
  claim: Claim,
  request: Request,
  place: string,
): Promise<Response> {
  try {
    return await parts.bodies.run(claim.host, () => receive(parts, claim, request, place));
  } finally {
    parts.inFlight.end(place);
  }
}

async function receive(
  parts: Parts,
  claim: Claim,
  request: Request,
  place: string,
): Promise<Response> {
  const { store, clock, log, inFlight, limits, meter, version } = parts;
  const { host, id, stamp, archiveBytes } = claim;
  const startedMs = clock.monotonic();
  const verification = new Verification(claim, limits);
  const verifying = new Stopwatch(clock);
  const syncing = new Stopwatch(clock);
  const incoming = await store.receive(host, id).catch((error) => {
    verification.abort();
    throw error;
  });
  try {
    let leftBytes = archiveBytes;
    let roomBytes = 0;
    const { stallMs } = limits;
    const patience = { stallMs, patienceMs: patienceMs(limits, archiveBytes) };
    for await (const chunk of readBody(request, { clock, bytes: archiveBytes, ...patience })) {
      leftBytes -= chunk.byteLength;
      meter.received(chunk.byteLength);
      inFlight.moved({ key: place, host, leftBytes });
      // Looked at for a piece's worth at a time: the disk may fill by other hands.
      roomBytes -= chunk.byteLength;
      if (roomBytes < 0) {
        roomBytes = Math.min(limits.maxPieceBytes, leftBytes);
        inFlight.checkRoom(host, chunk.byteLength + roomBytes);
      }
      if (!verification.isFlawed) await incoming.write(chunk);
      await verifying.time(() => verification.write(chunk));
      await parts.bodies.pause(host);
    }
    const verified = await verifying.time(() => verification.end());
    meter.verified(verifying.totalMs);
    await syncing.time(() => incoming.finish());
    meter.synced("archive", syncing.totalMs);
    const facts = { stamp, nowMs: clock.now(), version };
    const { kind, receipt } = await commit(parts, incoming, receiptOf(host, id, verified, facts));
    const ms = Math.round(clock.monotonic() - startedMs);
    if (kind === "stored") log("episode-received", { host, id, bytes: archiveBytes, ms });
    return stored(receipt, kind === "already");
  } finally {
    verification.abort();
    await incoming.discard();
  }
}
