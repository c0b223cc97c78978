/** The real upload against the real receiver, under whatever a network can do to a request. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { findDigest, findEpisodeId, findHostId, findStamp } from "../../lib/episode/mod.ts";
import { type Clock, plainFs, systemClock } from "../../lib/sys/mod.ts";
import type { Answer, Upload } from "../../lib/transport/mod.ts";
import { PieceSize } from "../../lib/transport/piece_size.ts";
import { RateLimit } from "../../lib/transport/rate.ts";
import { uploadArchive } from "../../lib/transport/upload.ts";
import { formatReceipt, problemRow } from "../../lib/wire/mod.ts";
import { sample, sha256 } from "../api/sample.ts";
import { must } from "../fakes/receiver.ts";
import { FATES, World } from "./world.ts";

const KIB = 1024;
const WHO = {
  host: must(findHostId("lab-host-01")),
  id: must(findEpisodeId("a-1")),
  stamp: must(findStamp("c".repeat(40))),
};
/** Nobody waits for a verification longer than it takes. */
const clock: Clock = { ...systemClock, sleep: () => new Promise((done) => setTimeout(done, 1)) };
/** Each fate costs a try at most; three more find out what became of it. */
const TRIES_BEYOND_FATES = 4;

async function check(bytes: number, fates: readonly (typeof FATES[number])[]): Promise<void> {
  await using world = await World.create(WHO);
  const archive = sample(WHO.stamp, bytes);
  const path = `${world.root}/a-1.tar.zst`;
  await Deno.writeFile(path, archive.bytes);
  const upload: Upload = {
    id: WHO.id,
    archive: path,
    archiveBytes: archive.bytes.byteLength,
    archiveDigest: must(findDigest(archive.archiveDigest)),
    episodeDigest: must(findDigest(archive.episodeDigest)),
    stamp: WHO.stamp,
  };
  let acknowledged = 0;
  world.fates = [...fates];
  world.onPiece = (offset) =>
    assert.ok(offset >= acknowledged, `${acknowledged} bytes are synced, ${offset} is sent again`);
  const progress = (synced: number, total: number) => {
    assert.equal(total, upload.archiveBytes);
    assert.ok(synced <= total);
    acknowledged = Math.max(acknowledged, synced);
  };

  const receipts = new Set<string>();
  let answer: Answer | undefined;
  for (let tries = 0; tries < fates.length + TRIES_BEYOND_FATES; tries++) {
    if (world.fates.length === 0) world.isAccepted ||= await moveBack(world);
    // As after a restart of this end: nothing is remembered.
    const parts = {
      clock,
      fs: plainFs(),
      send: world.send,
      pieceSize: new PieceSize(64 * KIB),
      rate: new RateLimit(clock, undefined),
    };
    const never = new AbortController().signal;
    answer = await uploadArchive(parts, WHO.host, upload, progress, never);
    assertHarmless(answer);
    if (answer.kind === "stored") receipts.add(formatReceipt(answer.receipt));
    if (answer.kind === "stored" && world.fates.length === 0) break;
  }
  assert.equal(answer?.kind, "stored", JSON.stringify(answer));
  assert.equal(receipts.size, 1, "every answer tells the one receipt");

  const store = await world.openStore();
  const receipt = must(await store.find(WHO.host, WHO.id));
  assert.ok(receipts.has(formatReceipt(receipt)));
  const directory = `${world.root}/store/episodes/${WHO.host}`;
  assert.deepEqual(
    [...Deno.readDirSync(directory)].map(({ name }) => name).sort(),
    ["a-1.json", "a-1.tar.zst"],
  );
  const stored = await Deno.readFile(`${directory}/a-1.tar.zst`);
  assert.equal(sha256(stored), upload.archiveDigest);
  assert.deepEqual(await store.partialsOf(WHO.host, WHO.id), [], "no partial is left");
}

/** The window moves on without a request being lost over it. */
async function moveBack(world: World): Promise<true> {
  world.fates.unshift("window-moves");
  await world.send(
    { method: "GET", path: "/healthz", timeoutMs: 1000 },
    new AbortController().signal,
  );
  return true;
}

/** No accident of the way condemns an episode or its archive. */
function assertHarmless(answer: Answer): void {
  assert.notEqual(answer.kind, "unreadable");
  if (answer.kind !== "refused") return;
  const { verdict } = problemRow(answer.name);
  assert.ok(verdict !== "fatal" && verdict !== "repack" && verdict !== "paused", answer.name);
}

Deno.test("cuts, restarts, duplicates, stragglers and a moving window: stored once, and never condemned", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(10 * KIB, 70 * KIB, 130 * KIB, 300 * KIB),
      fc.array(fc.constantFrom(...FATES), { maxLength: 14 }),
      check,
    ),
    { numRuns: 100 },
  );
});

Deno.test("each fate of each of the first requests alone", async () => {
  for (const fate of FATES) {
    for (let at = 0; at < 4; at++) {
      await check(150 * KIB, [...Array<"arrives">(at).fill("arrives"), fate]);
    }
  }
});
