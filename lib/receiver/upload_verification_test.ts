import assert from "node:assert/strict";
import { setImmediate } from "node:timers";
import fc from "fast-check";
import { concat, END, file, zstd } from "../../tests/archive/tar.ts";
import { digestsOf, type Sample, sample } from "../../tests/api/sample.ts";
import { must } from "../../tests/fakes/receiver.ts";
import { findDigest, findEpisodeId, findHostId, findStamp } from "../episode/mod.ts";
import { type Clock, systemClock } from "../sys/mod.ts";
import { FIXED_LIMITS } from "./limits.ts";
import { Refusal } from "./refusal.ts";
import type { Announcement } from "./store.ts";
import { UploadVerification } from "./upload_verification.ts";
import type { VerifiedArchive } from "./verification.ts";

const MIB = 1024 * 1024;
const STAMP = "a".repeat(40);
const LIMITS = {
  ...FIXED_LIMITS,
  maxArchiveBytes: 64 * MIB,
  maxUnpackedBytes: 64 * MIB,
  minFreeBytes: 0,
  maxPartialsBytes: 64 * MIB,
  partialKeepMs: 1,
};

function announcementOf(what: Sample, stamp = STAMP): Announcement {
  return {
    host: must(findHostId("lab-1")),
    id: must(findEpisodeId("run-1")),
    archiveDigest: must(findDigest(what.archiveDigest)),
    archiveBytes: what.bytes.byteLength,
    episodeDigest: must(findDigest(what.episodeDigest)),
    stamp: must(findStamp(stamp)),
  };
}

/** A partial's file, and who reads it. */
class FakePartial {
  bytes: Uint8Array = new Uint8Array();
  openNow = 0;
  opened = 0;
  readBytes = 0;
  /** A fault of whoever opens it: it begins so many bytes beside. */
  shiftBytes = 0;
  onRead: () => void = () => {};

  openPartial(_key: unknown, fromBytes: number) {
    let at = fromBytes + this.shiftBytes;
    this.openNow++;
    this.opened++;
    return {
      read: (into: Uint8Array<ArrayBuffer>) => {
        this.onRead();
        const chunk = this.bytes.subarray(at, at + into.byteLength);
        into.set(chunk);
        at += chunk.byteLength;
        this.readBytes += chunk.byteLength;
        return chunk.byteLength;
      },
      close: () => this.openNow--,
    };
  }
}

function verificationOf(
  partial: FakePartial,
  announcement: Announcement,
  clock: Pick<Clock, "monotonic"> = systemClock,
): UploadVerification {
  return new UploadVerification({ store: partial, clock, limits: LIMITS }, announcement);
}

/** What became of it, in words that can be compared. */
async function outcomeOf(ending: Promise<VerifiedArchive>): Promise<unknown> {
  try {
    return await ending;
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return `${error.problem}: ${error.message}`;
  }
}

/** All of it at once, when it is all there. */
async function judgeAtOnce(what: Sample, stamp?: string): Promise<unknown> {
  const partial = new FakePartial();
  partial.bytes = what.bytes;
  const verification = verificationOf(partial, announcementOf(what, stamp));
  try {
    return await outcomeOf(verification.end());
  } finally {
    verification.abort();
    assert.equal(partial.openNow, 0);
  }
}

interface Course {
  readonly stamp?: string;
  readonly shiftBytes?: number;
  /** Waits for it to catch up after each piece. */
  readonly isPrompt?: boolean;
}

/** Behind the pieces, which end at `cuts`; behind each there is what an unfinished piece has left. */
async function judgeFollowing(what: Sample, cuts: readonly number[], course: Course = {}) {
  const partial = new FakePartial();
  const verification = verificationOf(partial, announcementOf(what, course.stamp));
  try {
    for (const cut of [...cuts].sort((a, b) => a - b)) {
      partial.bytes = concat(what.bytes.subarray(0, cut), new Uint8Array(1000).fill(0x55));
      const advancing = verification.advance(cut);
      if (course.isPrompt ?? true) {
        await advancing;
        assert.equal(partial.openNow, 0, "no file is open while it waits for bytes");
      }
      partial.shiftBytes = course.shiftBytes ?? 0;
    }
    partial.bytes = what.bytes;
    return { outcome: await outcomeOf(verification.end()), partial };
  } finally {
    verification.abort();
    assert.equal(partial.openNow, 0);
  }
}

const GOOD = sample(STAMP, 3 * MIB);
const LENGTH = GOOD.bytes.byteLength;

Deno.test("behind the pieces, each byte is read once, and the end is that of a verification at once", async () => {
  const expected = await judgeAtOnce(GOOD);
  assert.ok(typeof expected === "object");
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.integer({ min: 0, max: LENGTH }), { maxLength: 6 }),
      fc.boolean(),
      async (cuts, isPrompt) => {
        const { outcome, partial } = await judgeFollowing(GOOD, cuts, { isPrompt });
        assert.deepEqual(outcome, expected);
        assert.equal(partial.readBytes, LENGTH);
      },
    ),
    { numRuns: 20 },
  );
});

Deno.test("a byte beside, or one that does not count yet, and the archive is refused", async () => {
  for (const shiftBytes of [-1, 1]) {
    const { outcome } = await judgeFollowing(GOOD, [MIB, 2 * MIB], { shiftBytes });
    assert.match(`${outcome}`, /^bad-digest: the archive that arrived/);
  }
  const partial = new FakePartial();
  const verification = verificationOf(partial, announcementOf(GOOD));
  partial.bytes = concat(GOOD.bytes.subarray(0, MIB), new Uint8Array(1000).fill(0x55));
  await verification.advance(MIB + 1);
  partial.bytes = GOOD.bytes;
  assert.match(`${await outcomeOf(verification.end())}`, /^bad-digest: the archive that arrived/);
  verification.abort();
});

Deno.test("a file that is longer than the archive is refused, for all of it would be stored", async () => {
  const partial = new FakePartial();
  const verification = verificationOf(partial, announcementOf(GOOD));
  partial.bytes = concat(GOOD.bytes, new Uint8Array(1));
  await verification.advance(LENGTH);
  assert.match(`${await outcomeOf(verification.end())}`, /^bad-digest/);
  verification.abort();
});

Deno.test("a bad archive is heard of at the end alone, and by the same words as at once", async (t) => {
  const tar = (...parts: Uint8Array[][]) => {
    const bytes = concat(...parts, END);
    return digestsOf(zstd(bytes));
  };
  const meta = file("meta.json", JSON.stringify({ code_version: { commit: STAMP } }));
  const flipped = GOOD.bytes.slice();
  flipped[MIB] = must(flipped[MIB]) ^ 1;
  const cases: [string, Sample, string?][] = [
    ["damaged on the way", { ...GOOD, bytes: flipped }],
    ["damaged before it was sent", digestsOf(flipped)],
    ["no archive", digestsOf(new Uint8Array(2 * MIB).fill(1))],
    ["cut short", digestsOf(GOOD.bytes.subarray(0, 2 * MIB))],
    ["with something behind", digestsOf(concat(GOOD.bytes, new Uint8Array(MIB)))],
    ["an unsafe entry", tar(meta, file("../a", "x".repeat(2 * MIB)))],
    ["without meta.json", tar(file("a", "x".repeat(2 * MIB)))],
    ["another episode", { ...GOOD, episodeDigest: "1".repeat(64) }],
    ["another stamp", GOOD, "b".repeat(40)],
  ];
  for (const [name, what, stamp] of cases) {
    await t.step(name, async () => {
      const expected = await judgeAtOnce(what, stamp);
      assert.equal(typeof expected, "string");
      const course = stamp === undefined ? {} : { stamp };
      const { byteLength } = what.bytes;
      const cuts = [20, Math.floor(byteLength / 3), Math.floor(byteLength * 0.9)];
      const { outcome } = await judgeFollowing(what, cuts, course);
      assert.equal(outcome, expected);
    });
  }
});

Deno.test("a later end reaches one that is under way, without a second reading beside it", async () => {
  const partial = new FakePartial();
  const verification = verificationOf(partial, announcementOf(GOOD));
  partial.bytes = GOOD.bytes;
  let mostOpen = 0;
  partial.onRead = () => mostOpen = Math.max(mostOpen, partial.openNow);
  const advancing = [MIB, MIB + 1, 2 * MIB].map((end) => verification.advance(end));
  await Promise.all(advancing);
  assert.equal(partial.readBytes, 2 * MIB);
  assert.deepEqual([partial.opened, mostOpen], [1, 1]);
  // Called in the very turn in which the one before ends, and at any other.
  for (let end = 2 * MIB; end < LENGTH; end += 100_000) {
    const ended = verification.advance(end);
    verification.advance(end + 50_000).catch(() => {});
    await ended.then(() => verification.advance(end + 70_000));
  }
  assert.ok(typeof await outcomeOf(verification.end()) === "object");
  assert.equal(partial.readBytes, LENGTH);
  verification.abort();
});

Deno.test("aborted in the midst, it lets go of its file, and rejects", async () => {
  const partial = new FakePartial();
  const verification = verificationOf(partial, announcementOf(GOOD));
  partial.bytes = GOOD.bytes;
  partial.onRead = () => {
    if (partial.readBytes >= MIB) verification.abort();
  };
  await assert.rejects(verification.advance(LENGTH), /aborted/);
  assert.equal(partial.openNow, 0);
  assert.ok(partial.readBytes < 2 * MIB);
  await assert.rejects(verification.advance(LENGTH), /aborted/);
  assert.equal(partial.openNow, 0);
});

Deno.test("the time that it tells is not that of the disk, nor of the others whom it lets go first", async () => {
  const partial = new FakePartial();
  const clock = { nowMs: 0, monotonic: () => clock.nowMs };
  const verification = verificationOf(partial, announcementOf(GOOD), clock);
  partial.bytes = GOOD.bytes;
  partial.onRead = () => clock.nowMs += 1000;
  await verification.advance(MIB);
  await verification.end();
  assert.ok(clock.nowMs > 10_000);
  assert.equal(verification.totalMs, 0);
  // Its own time, told by a clock that goes on at each look.
  let ticks = 0;
  const other = verificationOf(partial, announcementOf(GOOD), { monotonic: () => ticks++ });
  await other.end();
  assert.ok(other.totalMs > 0);
  for (const one of [verification, other]) one.abort();
});

Deno.test("while bytes are still to come, others get many turns for each of its own", async () => {
  const partial = new FakePartial();
  const verification = verificationOf(partial, announcementOf(GOOD));
  partial.bytes = GOOD.bytes;
  const turnsWhile = async (work: Promise<unknown>) => {
    let turns = 0;
    let isOver = false;
    work.finally(() => isOver = true);
    for (; !isOver; turns++) await new Promise<void>((resolve) => setImmediate(resolve));
    return turns;
  };
  const following = await turnsWhile(verification.advance(2 * MIB));
  const ending = await turnsWhile(verification.end());
  verification.abort();
  assert.ok(following > 400, `${following}`);
  assert.ok(ending < 100, `${ending}, when somebody waits for the end`);
});

Deno.test("a flawed archive of any length lets others have their turns", async () => {
  const partial = new FakePartial();
  const what = digestsOf(new Uint8Array(32 * MIB).fill(1));
  partial.bytes = what.bytes;
  const verification = verificationOf(partial, announcementOf(what));
  let turns = 0;
  const timer = setInterval(() => turns++, 0);
  const outcome = await outcomeOf(verification.end());
  clearInterval(timer);
  verification.abort();
  assert.match(`${outcome}`, /^not-an-archive/);
  assert.ok(turns > 3, `${turns} turns`);
});
