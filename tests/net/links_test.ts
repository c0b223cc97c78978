/** Episodes over links of every quality: all arrive, and the watchdog has no reason to fire. */
import assert from "node:assert/strict";
import { needs } from "../skip.ts";
import { CABLE } from "./cable.ts";
import { IS_LONG, NetLab } from "./lab.ts";

interface Link {
  readonly what: string;
  readonly megabytes: number;
  readonly limitMs: number;
  readonly delayMs?: number;
  /** What is wrong before the episode is there. */
  readonly before?: (lab: NetLab) => Promise<void>;
  /** What happens after its first piece began. */
  readonly during?: (lab: NetLab) => Promise<void>;
}

const sleep = (ms: number) => new Promise<void>((done) => setTimeout(done, ms));

async function blackHole({ cable }: NetLab, ms: number): Promise<void> {
  await sleep(200);
  await cable.setBlackHole(true);
  await sleep(ms);
  await cable.setBlackHole(false);
}

const SHORT: Link[] = [
  {
    what: "a black hole of 8 s",
    megabytes: 20,
    limitMs: 60_000,
    before: ({ cable }) => cable.setRate(20_000),
    during: (lab) => blackHole(lab, 8_000),
  },
  {
    what: "a reset",
    megabytes: 5,
    limitMs: 40_000,
    before: ({ cable }) => cable.setRate(20_000),
    during: ({ cable }) => cable.reset(),
  },
  {
    what: "5 % loss",
    megabytes: 20,
    limitMs: 60_000,
    before: ({ cable }) => cable.setLossPercent(5),
  },
  { what: "300 ms of delay each way", megabytes: 10, limitMs: 60_000, delayMs: 300 },
  {
    what: "1 Mbit/s",
    megabytes: 2,
    limitMs: 60_000,
    before: ({ cable }) => cable.setRate(1_000),
  },
  {
    what: "128 kbit/s",
    megabytes: 1,
    limitMs: 100_000,
    before: ({ cable }) => cable.setRate(128),
  },
];

const LONG: Link[] = [
  {
    what: "a black hole of 3 minutes",
    megabytes: 20,
    // Afterwards it may wait out a backoff of 40 s.
    limitMs: 360_000,
    before: ({ cable }) => cable.setRate(20_000),
    during: (lab) => blackHole(lab, 180_000),
  },
  {
    what: "20 % loss",
    megabytes: 5,
    limitMs: 300_000,
    before: ({ cable }) => cable.setLossPercent(20),
  },
];

Deno.test({
  ...needs("black hole, reset, loss, delay and slow links: every episode arrives", CABLE),
  async fn() {
    const links = IS_LONG ? [...SHORT, ...LONG] : SHORT;
    // Side by side, each on a cable of its own: most of the time is waiting.
    const failed = (await Promise.allSettled(links.map(arrive)))
      .flatMap((end) => end.status === "rejected" ? [end.reason] : []);
    if (failed.length > 0) throw new AggregateError(failed, failed.map(String).join("\n"));
  },
});

async function arrive({ what, megabytes, limitMs, delayMs, before, during }: Link): Promise<void> {
  await using lab = await NetLab.start(delayMs === undefined ? {} : { delayMs });
  try {
    await before?.(lab);
    await lab.host.record("a-1", megabytes * 1e6);
    const arrives = lab.arrives("a-1", limitMs);
    // It is waited for below, whatever happens meanwhile.
    arrives.catch(() => {});
    if (during !== undefined) {
      assert.ok(await lab.nextPiece(20_000));
      await during(lab);
    }
    const seconds = await arrives;
    console.log(
      `${what}: ${megabytes} MB in ${seconds.toFixed(0)} s, ${lab.repeated.length} of ` +
        `${lab.begun.length} pieces again, no sign of life for ${
          lab.longestSilence.toFixed(0)
        } s at most`,
    );
    assert.ok(lab.longestSilence < 120, `${lab.longestSilence}`);
    assert.equal(await lab.daemon.end(), 0);
  } catch (error) {
    throw new Error(`${what}: ${error instanceof Error ? error.message : error}`, { cause: error });
  }
}
