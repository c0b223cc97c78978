import assert from "node:assert/strict";
import { LevelChoice } from "./level.ts";

const MB = 1_000_000;
/** Of telemetry: 3.4 to 1 at level 3. */
const ARCHIVE = { tarBytes: 34 * MB, archiveBytes: 10 * MB };

/** The level after an archive was packed at 3 and sent, both at so many megabytes of tar, and of archive, a second. */
function chosen(packing: number, sending: number): number {
  const choice = new LevelChoice("auto", 2);
  choice.packed(ARCHIVE, 3, ARCHIVE.tarBytes / packing / 1000);
  choice.sent(ARCHIVE.archiveBytes, ARCHIVE.archiveBytes / sending / 1000);
  return choice.level;
}

Deno.test("a fixed level stays, whatever the link", () => {
  const choice = new LevelChoice(5, 2);
  choice.packed(ARCHIVE, 3, 100);
  choice.sent(ARCHIVE.archiveBytes, 1_000_000);
  assert.equal(choice.level, 5);
});

Deno.test("auto begins with 3, until both packing and sending were seen", () => {
  const choice = new LevelChoice("auto", 2);
  assert.equal(choice.level, 3);
  choice.packed(ARCHIVE, 3, 100);
  assert.equal(choice.level, 3);
  choice.sent(ARCHIVE.archiveBytes, 80_000);
  assert.notEqual(choice.level, 3);
});

Deno.test("the slower the link, the higher the level: as high as packing keeps up with sending", () => {
  // Packing at level 3 makes 300 MB/s of tar: 88 MB/s of archive.
  assert.deepEqual([1000, 60, 25, 10, 1.25, 0.5].map((sending) => chosen(300, sending)), [
    1,
    3,
    6,
    9,
    16,
    19,
  ]);
});

Deno.test("the slower the machine, the lower the level on the same link", () => {
  assert.deepEqual([300, 30, 10, 2].map((packing) => chosen(packing, 1.25)), [16, 9, 3, 1]);
});

Deno.test("what is learned at one level is put to use at another: it does not go to and fro", () => {
  const choice = new LevelChoice("auto", 2);
  const speeds = new Map([[3, 300], [16, 6], [9, 70], [6, 125], [1, 345], [19, 3.3]]);
  const sizes = new Map([[3, 1], [16, 0.86], [9, 0.92], [6, 0.95], [1, 1.02], [19, 0.85]]);
  const levels: number[] = [];
  for (let episode = 0; episode < 20; episode++) {
    const { level } = choice;
    levels.push(level);
    const archiveBytes = ARCHIVE.archiveBytes * (sizes.get(level) ?? 1);
    choice.packed({ ...ARCHIVE, archiveBytes }, level, 34_000 / (speeds.get(level) ?? 1));
    choice.sent(archiveBytes, archiveBytes / 1250);
  }
  assert.deepEqual(levels, [3, ...Array(19).fill(16)]);
});

Deno.test("tiny archives teach nothing", () => {
  const choice = new LevelChoice("auto", 2);
  choice.packed({ tarBytes: 20_000, archiveBytes: 6000 }, 3, 5);
  choice.sent(6000, 5000);
  assert.equal(choice.level, 3);
});

/** How many of five that are to be packed at once need not wait any more. */
async function countReady(choice: LevelChoice, waits: Promise<void>): Promise<() => number> {
  let ready = 0;
  const clock = {
    sleep: (_ms: number, signal?: AbortSignal) => Promise.race([waits, aborted(signal)]),
  };
  const { signal } = new AbortController();
  for (let at = 0; at < 5; at++) choice.settle(clock, signal).then(() => ready++);
  await turn();
  return () => ready;
}

const aborted = (signal?: AbortSignal) =>
  new Promise<void>((resolve) => signal?.addEventListener("abort", () => resolve()));

const turn = () => new Promise((resolve) => setTimeout(resolve));

Deno.test("auto packs two at a guess, and the others when the first ones have told of the link", async () => {
  const choice = new LevelChoice("auto", 2);
  const ready = await countReady(choice, new Promise(() => {}));
  choice.packed(ARCHIVE, 3, 100);
  await turn();
  assert.equal(ready(), 2);
  choice.sent(MB, 800);
  await turn();
  assert.equal(ready(), 5);
  assert.ok(choice.level > 3);
});

Deno.test("auto does not wait for ever for what no upload tells, nor a second time", async () => {
  const choice = new LevelChoice("auto", 2);
  const patience = Promise.withResolvers<void>();
  const ready = await countReady(choice, patience.promise);
  assert.equal(ready(), 2);
  patience.resolve();
  await turn();
  assert.equal(ready(), 5);
  const again = await countReady(choice, new Promise(() => {}));
  assert.equal(again(), 5);
});

Deno.test("for a fixed level nobody waits", async () => {
  const ready = await countReady(new LevelChoice(3, 2), new Promise(() => {}));
  assert.equal(ready(), 5);
});

Deno.test("auto does not wait for the link when all that could have told of it has ended", async () => {
  const choice = new LevelChoice("auto", 2);
  const clock = { sleep: (_ms: number, signal?: AbortSignal) => aborted(signal) };
  const { signal } = new AbortController();
  const ends = [await choice.settle(clock, signal), await choice.settle(clock, signal)];
  let isReady = false;
  const third = choice.settle(clock, signal).then(() => isReady = true);
  choice.sent(1000, 5);
  ends[0]?.();
  await turn();
  assert.equal(isReady, false);
  ends[1]?.();
  await third;
  assert.equal(choice.level, 3);
});
