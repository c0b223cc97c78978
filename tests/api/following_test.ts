/** What comes in pieces is verified along with them: seen by what the receiver reads of the partial, and when. */
import assert from "node:assert/strict";
import { findEpisodeId, findHostId, findStamp } from "../../lib/episode/mod.ts";
import type { Sent } from "../../lib/transport/http.ts";
import { findProblemName } from "../../lib/wire/mod.ts";
import { must } from "../fakes/receiver.ts";
import { World } from "../transport/world.ts";
import { announceHeaders, digestsOf, pieceHeaders, type Sample, sample, sha256 } from "./sample.ts";

const WHO = {
  host: must(findHostId("lab-host-01")),
  id: must(findEpisodeId("a-1")),
  stamp: must(findStamp("c".repeat(40))),
};
const KIB = 1024;
const PIECE = 64 * KIB;
const NEVER = new AbortController().signal;

/** An upload of `what`, driven step by step. */
class Uploading {
  isFollowed = true;

  constructor(readonly world: World, readonly what: Sample, readonly id: string = WHO.id) {}

  get bytes(): number {
    return this.what.bytes.byteLength;
  }

  async announce(): Promise<number> {
    const { status } = await this.#send(
      "PUT",
      `/v1/episodes/${WHO.host}/${this.id}`,
      announceHeaders(this.what, WHO.stamp),
    );
    return status;
  }

  /** Sends the piece at `from`; where something follows, waits until that has read it. */
  async piece(from: number, to = Math.min(from + PIECE, this.bytes)): Promise<Answered> {
    const body = this.what.bytes.slice(from, to);
    const before = this.readBytes;
    const sent = await this.#send(
      "PATCH",
      `/v1/uploads/${WHO.host}/${this.id}/${this.what.archiveDigest}`,
      pieceHeaders(body, from, to === this.bytes),
      body,
    );
    const isRead = () => this.readBytes - before >= body.byteLength;
    for (let turn = 0; turn < 500 && this.isFollowed && !isRead(); turn++) {
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
    return sent;
  }

  /** All pieces that come before `end`. */
  async piecesBefore(end: number): Promise<void> {
    for (let at = 0; at + PIECE <= end; at += PIECE) {
      assert.equal((await this.piece(at)).status, 204);
    }
  }

  get readBytes(): number {
    return this.world.readings.reduce((sum, { bytes }) => sum + bytes, 0);
  }

  async #send(
    method: "PUT" | "PATCH",
    path: string,
    headers: Record<string, string>,
    body?: Uint8Array<ArrayBuffer>,
  ): Promise<Answered> {
    const request = { method, path, headers, timeoutMs: 1000 };
    const sent = await this.world.send(body === undefined ? request : { ...request, body }, NEVER);
    return answered(sent);
  }
}

interface Answered {
  readonly status: number;
  readonly problem: string | undefined;
  readonly detail: string | undefined;
}

function answered(sent: Sent): Answered {
  assert.ok(sent.kind === "answer");
  const isProblem = sent.headers.get("content-type") === "application/problem+json";
  const { type, detail } = isProblem ? JSON.parse(sent.body ?? "") : {};
  return { status: sent.status, problem: isProblem ? findProblemName(type) : undefined, detail };
}

async function setUp(what: Sample = sample(WHO.stamp, 300 * KIB)) {
  const world = await World.create(WHO);
  return {
    world,
    upload: new Uploading(world, what),
    [Symbol.asyncDispose]: () => world[Symbol.asyncDispose](),
  };
}

async function storedDigest(world: World, id: string = WHO.id): Promise<string> {
  return sha256(await Deno.readFile(`${world.root}/store/episodes/${WHO.host}/${id}.tar.zst`));
}

Deno.test("each piece is read once, before the next one comes, and nothing again at the end", async () => {
  await using test = await setUp();
  const { world, upload } = test;
  assert.equal(await upload.announce(), 201);
  for (let at = 0; at < upload.bytes; at += PIECE) {
    const isLast = at + PIECE >= upload.bytes;
    assert.equal((await upload.piece(at)).status, isLast ? 201 : 204);
    assert.equal(upload.readBytes, isLast ? upload.bytes : at + PIECE);
  }
  let offset = 0;
  for (const { fromBytes, bytes } of world.readings) {
    assert.equal(fromBytes, offset, "each reading goes on where the one before ended");
    offset += bytes;
  }
  assert.equal(await storedDigest(world), upload.what.archiveDigest);
  const metrics = await world.send({ method: "GET", path: "/metrics", timeoutMs: 1000 }, NEVER);
  assert.ok(metrics.kind === "answer");
  assert.match(metrics.body ?? "", /^cis490_verify_seconds_count 1$/m);
});

Deno.test("after a restart in the midst all of it is read from the beginning, and stored", async () => {
  await using test = await setUp();
  const { world, upload } = test;
  await upload.announce();
  await upload.piecesBefore(2 * PIECE);
  const before = world.readings.length;
  world.fates = ["after-restart"];
  await upload.announce();
  upload.isFollowed = false;
  for (let at = 2 * PIECE; at < upload.bytes; at += PIECE) await upload.piece(at);
  assert.deepEqual(world.readings.slice(before), [{ fromBytes: 0, bytes: upload.bytes }]);
  assert.equal(await storedDigest(world), upload.what.archiveDigest);
});

Deno.test("a partial that is dropped and begun anew in the midst: nothing of the old one is believed", async () => {
  await using test = await setUp();
  const { world, upload } = test;
  // The same archive, so the same upload; but its announcement lies, and what it has of bytes is another's.
  const lying = new Uploading(world, {
    ...upload.what,
    bytes: upload.what.bytes.map((byte, at) => at < 1000 ? byte ^ 1 : byte),
    episodeDigest: "1".repeat(64),
  });
  await lying.announce();
  await lying.piecesBefore(2 * PIECE);
  assert.equal(await upload.announce(), 201);
  const before = upload.readBytes;
  for (let at = 0; at < upload.bytes; at += PIECE) await upload.piece(at);
  assert.equal(upload.readBytes - before, upload.bytes);
  assert.equal(await storedDigest(world), upload.what.archiveDigest);
});

Deno.test("a dropped partial is begun anew by damaged bytes: a good beginning from before does not hide them", async () => {
  await using test = await setUp();
  const { world, upload } = test;
  const damaged = new Uploading(world, {
    ...upload.what,
    bytes: upload.what.bytes.map((byte, at) => at === 1000 ? byte ^ 1 : byte),
  });
  await upload.announce();
  await upload.piecesBefore(2 * PIECE);
  // By hand, so that the receiver is told of nothing.
  for (const { name } of Deno.readDirSync(`${world.root}/store/uploads/${WHO.host}`)) {
    await Deno.remove(`${world.root}/store/uploads/${WHO.host}/${name}`);
  }
  assert.equal(await damaged.announce(), 201);
  await damaged.piecesBefore(damaged.bytes);
  const last = damaged.bytes - damaged.bytes % PIECE;
  assert.equal((await damaged.piece(last)).problem, "bad-digest");
});

Deno.test("of two requests for each piece at once one counts, and the bytes are read once", async () => {
  await using test = await setUp();
  const { world, upload } = test;
  await upload.announce();
  for (let at = 0; at < upload.bytes; at += PIECE) {
    world.fates = ["twice"];
    await upload.piece(at);
  }
  assert.equal(await storedDigest(world), upload.what.archiveDigest);
  assert.equal(upload.readBytes, upload.bytes);
});

Deno.test("a host's second upload is verified afterwards, while its first one is followed", async () => {
  await using test = await setUp();
  const { world, upload } = test;
  const second = new Uploading(world, sample(WHO.stamp, 200 * KIB), "a-2");
  second.isFollowed = false;
  await upload.announce();
  await second.announce();
  await upload.piecesBefore(2 * PIECE);
  const first = upload.readBytes;
  await second.piecesBefore(second.bytes);
  assert.equal(upload.readBytes, first, "nothing of the second is read yet");
  await second.piece(second.bytes - second.bytes % PIECE);
  assert.equal(await storedDigest(world, "a-2"), second.what.archiveDigest);
  for (let at = 2 * PIECE; at < upload.bytes; at += PIECE) await upload.piece(at);
  assert.equal(await storedDigest(world), upload.what.archiveDigest);
  assert.equal(upload.readBytes, upload.bytes + second.bytes);
});

Deno.test("an upload that another archive of its episode supersedes leaves its place to it", async () => {
  await using test = await setUp();
  const { world, upload } = test;
  const other = new Uploading(world, sample(WHO.stamp, 200 * KIB));
  await upload.announce();
  await upload.piecesBefore(2 * PIECE);
  const before = upload.readBytes;
  await other.announce();
  await other.piecesBefore(2 * PIECE);
  assert.equal(upload.readBytes - before, 2 * PIECE);
});

Deno.test("a bad archive is taken piece by piece, and refused at its end as one that nothing followed", async (t) => {
  const good = sample(WHO.stamp, 300 * KIB);
  const flipped = good.bytes.map((byte, at) => at === 1000 ? byte ^ 1 : byte);
  const cases: [string, Sample][] = [
    ["damaged on the way", { ...good, bytes: flipped }],
    ["damaged before it was sent", digestsOf(flipped)],
    ["no archive", digestsOf(new Uint8Array(300 * KIB).fill(1))],
    ["another episode", { ...good, episodeDigest: "1".repeat(64) }],
  ];
  for (const [name, what] of cases) {
    await t.step(name, async () => {
      const ends: Answered[] = [];
      for (const isFollowed of [true, false]) {
        await using test = await setUp(what);
        const { world, upload } = test;
        await upload.announce();
        await upload.piecesBefore(upload.bytes);
        if (!isFollowed) world.fates = ["after-restart"];
        ends.push(await upload.piece(upload.bytes - upload.bytes % PIECE));
        assert.deepEqual(
          [...Deno.readDirSync(`${world.root}/store/uploads/${WHO.host}`)],
          [],
          "the partial is dropped",
        );
      }
      assert.ok(ends[0]?.problem !== undefined);
      assert.deepEqual(ends[0], ends[1]);
    });
  }
});
