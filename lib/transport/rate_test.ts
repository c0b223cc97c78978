import assert from "node:assert/strict";
import fc from "fast-check";
import { RateLimit } from "./rate.ts";

const KIB = 1024;

/** Time that passes when somebody sleeps. Sleepers wake in order; an aborted signal wakes them at once. */
class SleepClock {
  #nowMs = 0;
  #sleepers: { readonly atMs: number; readonly wake: () => void }[] = [];

  monotonic = () => this.#nowMs;
  sleep = (ms: number, signal?: AbortSignal) =>
    new Promise<void>((wake) => {
      if (signal?.aborted) return wake();
      this.#sleepers.push({ atMs: this.#nowMs + ms, wake });
      signal?.addEventListener("abort", () => wake(), { once: true });
    });

  /** Lets time pass until `untilMs`. */
  async run(untilMs: number): Promise<void> {
    for (;;) {
      await new Promise((done) => setTimeout(done, 0));
      this.#sleepers.sort((a, b) => a.atMs - b.atMs);
      const next = this.#sleepers[0];
      if (next === undefined || next.atMs > untilMs) break;
      this.#sleepers.shift();
      this.#nowMs = Math.max(this.#nowMs, next.atMs);
      next.wake();
    }
    this.#nowMs = untilMs;
  }
}

const never = () => new AbortController().signal;
const nothing = () => {};

/** Sends pieces for ever, each in `sendMs`; the bytes that went out, by the time. */
function sendForEver(clock: SleepClock, rate: RateLimit, sendMs: number, stop: AbortSignal) {
  const sent = { bytes: 0 };
  (async () => {
    while (!stop.aborted) {
      const size = Math.min(rate.pieceBytes, 8 * KIB * KIB);
      await rate.take(size, stop, nothing);
      if (stop.aborted) return;
      await clock.sleep(sendMs, stop);
      sent.bytes += size;
    }
  })();
  return sent;
}

Deno.test("over ten seconds the limit is met within a tenth, by one upload or several", async () => {
  for (const bytesPerSecond of [125_000, 1_250_000, 5_000_000]) {
    for (const uploads of [1, 2, 5]) {
      const clock = new SleepClock();
      const rate = new RateLimit(clock, bytesPerSecond);
      const stop = new AbortController();
      const all = Array.from(
        { length: uploads },
        () => sendForEver(clock, rate, 20, stop.signal),
      );
      await clock.run(10_000);
      stop.abort();
      const sent = all.reduce((sum, { bytes }) => sum + bytes, 0);
      const error = sent / (bytesPerSecond * 10) - 1;
      assert.ok(Math.abs(error) <= 0.1, `${bytesPerSecond} B/s, ${uploads}: ${error}`);
    }
  }
});

Deno.test("a limit that changes counts at once, also for whoever waits", async () => {
  const clock = new SleepClock();
  const rate = new RateLimit(clock, 1000);
  await rate.take(1_000_000, never(), nothing);
  let doneMs = -1;
  rate.take(1, never(), nothing).then(() => doneMs = clock.monotonic());
  await clock.run(10_000);
  assert.equal(doneMs, -1, "1000 s are to be waited");
  rate.set(99_000);
  await clock.run(19_000);
  assert.equal(doneMs, -1);
  await clock.run(21_000);
  assert.equal(doneMs, 20_000, "990,000 bytes were left, at 99,000 B/s");
  await rate.take(1_000_000, never(), nothing);
  rate.take(1, never(), nothing).then(() => doneMs = clock.monotonic());
  rate.set(undefined);
  await clock.run(21_001);
  assert.equal(doneMs, 21_000, "without a limit nobody waits");
});

Deno.test("without a limit nothing waits, and a limit that comes later begins then", async () => {
  const clock = new SleepClock();
  const rate = new RateLimit(clock, undefined);
  assert.equal(rate.pieceBytes, Infinity);
  for (let at = 0; at < 10; at++) await rate.take(1e9, never(), nothing);
  rate.set(1_000_000);
  assert.equal(rate.pieceBytes, 7 * 64 * KIB, "half a second's worth in steps of 64 KiB");
  await rate.take(1_000_000, never(), nothing);
  assert.equal(clock.monotonic(), 0);
});

Deno.test("silence is not saved up", async () => {
  const clock = new SleepClock();
  const rate = new RateLimit(clock, 1000);
  await clock.run(100_000);
  await rate.take(1000, never(), nothing);
  let done = false;
  rate.take(1000, never(), nothing).then(() => done = true);
  await clock.run(100_900);
  assert.equal(done, false);
  await clock.run(101_001);
  assert.equal(done, true);
});

Deno.test("who waits long says so every few seconds, and stops waiting at once when told", async () => {
  const clock = new SleepClock();
  const rate = new RateLimit(clock, 1000);
  await rate.take(60_000, never(), nothing);
  let told = 0;
  let done = false;
  const stop = new AbortController();
  rate.take(1, stop.signal, () => told++).then(() => done = true);
  await clock.run(35_000);
  assert.deepEqual([told, done], [3, false]);
  stop.abort();
  await clock.run(35_000);
  assert.equal(done, true);
});

Deno.test("whatever the pieces and the pauses, no more goes out than the limit and one piece a sender", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.record({ bytes: fc.integer({ min: 1, max: 5000 }), pause: fc.nat(3000) }), {
        minLength: 1,
        maxLength: 30,
      }),
      fc.integer({ min: 100, max: 10_000 }),
      async (steps, bytesPerSecond) => {
        const clock = new SleepClock();
        const rate = new RateLimit(clock, bytesPerSecond);
        let sent = 0;
        const sending = (async () => {
          for (const { bytes, pause } of steps) {
            await rate.take(bytes, never(), nothing);
            const allowed = clock.monotonic() * bytesPerSecond / 1000;
            assert.ok(sent <= allowed + 10, `${sent} bytes of ${allowed}`);
            sent += bytes;
            await clock.sleep(pause);
          }
        })();
        await Promise.race([sending, clock.run(10_000_000)]);
        await sending;
      },
    ),
    { numRuns: 30 },
  );
});
