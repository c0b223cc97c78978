/**
 * Requests without a known token. Nobody guesses 256 bits; but whoever tries, or was configured wrongly, shall neither fill
 * the journal nor keep the receiver busy: each is answered later than the one before, and they are told of once a minute.
 */
import type { Log } from "../events/mod.ts";
import type { Clock } from "../sys/mod.ts";

interface Seen {
  /** In a row; forgotten after a quiet minute. */
  count: number;
  /** Since it was told last. */
  untold: number;
  toldMs: number;
  lastMs: number;
}

const MINUTE_MS = 60_000;
const FIRST_DELAY_MS = 100;
const LONGEST_DELAY_MS = 1000;
/** Held back at once. Those above get their answer immediately: waiting must not pile up either. */
const MOST_WAITING = 64;
/** Addresses or names remembered; the one seen first is forgotten first. */
const MOST_REMEMBERED = 1000;

export class Strangers {
  readonly #seen = new Map<string, Seen>();
  #waiting = 0;

  constructor(private readonly clock: Clock, private readonly log: Log) {}

  /** Notes one more request of `from`, and returns when it may be answered. */
  async meet(from: string, why: string): Promise<void> {
    const nowMs = this.clock.monotonic();
    const seen = this.#find(from, nowMs);
    seen.count++;
    seen.untold++;
    seen.lastMs = nowMs;
    if (nowMs - seen.toldMs >= MINUTE_MS) {
      this.log("token-refused", { from, requests: seen.untold, why });
      seen.untold = 0;
      seen.toldMs = nowMs;
    }
    await this.#holdBack(seen.count);
  }

  #find(from: string, nowMs: number): Seen {
    const found = this.#seen.get(from);
    if (found !== undefined) {
      if (nowMs - found.lastMs >= MINUTE_MS) found.count = 0;
      return found;
    }
    const seen = { count: 0, untold: 0, toldMs: -Infinity, lastMs: nowMs };
    this.#seen.set(from, seen);
    const [oldest] = this.#seen.keys();
    if (this.#seen.size > MOST_REMEMBERED && oldest !== undefined) this.#seen.delete(oldest);
    return seen;
  }

  async #holdBack(count: number): Promise<void> {
    if (count < 2 || this.#waiting >= MOST_WAITING) return;
    this.#waiting++;
    try {
      await this.clock.sleep(Math.min(FIRST_DELAY_MS * 2 ** (count - 2), LONGEST_DELAY_MS));
    } finally {
      this.#waiting--;
    }
  }
}
