/** Time that passes only when a test lets it, and then without waiting: whoever sleeps is woken in order. */
import { setImmediate } from "node:timers";
import type { Clock } from "../../lib/sys/mod.ts";

interface Sleeper {
  readonly atMs: number;
  readonly wake: () => void;
}

export class VirtualClock implements Clock {
  #nowMs = 0;
  #sleepers: Sleeper[] = [];

  /** Wall-clock time is this much ahead of the monotonic clock; a test may change it, as time synchronisation does. */
  wallOffsetMs = Date.UTC(2026, 0, 1);

  now = () => this.#nowMs + this.wallOffsetMs;
  monotonic = () => this.#nowMs;

  sleep = (ms: number, signal?: AbortSignal): Promise<void> => {
    if (signal?.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const sleeper = { atMs: this.#nowMs + ms, wake: resolve };
      this.#sleepers.push(sleeper);
      signal?.addEventListener("abort", () => {
        this.#sleepers = this.#sleepers.filter((other) => other !== sleeper);
        resolve();
      });
    });
  };

  /** Lets `ms` milliseconds pass; everybody who wakes meanwhile gets as far as they can. */
  async pass(ms: number): Promise<void> {
    const endMs = this.#nowMs + ms;
    await settled();
    for (;;) {
      const next = this.#sleepers
        .filter(({ atMs }) => atMs <= endMs)
        .reduce<Sleeper | undefined>(
          (a, b) => a === undefined || b.atMs < a.atMs ? b : a,
          undefined,
        );
      if (next === undefined) break;
      this.#sleepers = this.#sleepers.filter((other) => other !== next);
      this.#nowMs = Math.max(this.#nowMs, next.atMs);
      next.wake();
      await settled();
    }
    this.#nowMs = endMs;
  }
}

/** Promises that wait for nothing but each other have settled. */
function settled(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(() => resolve());
  });
}
