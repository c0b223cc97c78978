/** How often, and how long, one upload is taken up again before its answer is handed on. */
import type { Clock } from "../sys/mod.ts";

/** Announcements in a row without a newly synced byte. */
export const FRUITLESS_LIMIT = 3;
/** How long a verification may take. It outlives the wait: the next try attaches to it. */
export const VERIFICATION_LIMIT_MS = 30 * 60_000;

const ASK_AGAIN_MS = 5000;
const LEAST_WAIT_MS = 1000;
const MOST_WAIT_MS = 60_000;

export class Patience {
  #syncedBytes = 0;
  #fruitless = 0;
  #waitingSinceMs: number | undefined;

  constructor(private readonly clock: Pick<Clock, "monotonic" | "sleep">) {}

  /** Told how many bytes the receiver has synced. */
  synced(bytes: number): void {
    if (bytes <= this.#syncedBytes) return;
    this.#syncedBytes = bytes;
    this.#fruitless = 0;
  }

  /** After the two ends disagreed about an upload. */
  mayAnnounceAgain(): boolean {
    this.#fruitless += 1;
    return this.#fruitless < FRUITLESS_LIMIT;
  }

  /** Waits before asking after a verification again; false when it has taken too long, or the signal is aborted. */
  async waitsForVerification(
    retryAfterMs: number | undefined,
    signal: AbortSignal,
  ): Promise<boolean> {
    const now = this.clock.monotonic();
    this.#waitingSinceMs ??= now;
    if (now - this.#waitingSinceMs > VERIFICATION_LIMIT_MS) return false;
    const wait = Math.max(LEAST_WAIT_MS, Math.min(MOST_WAIT_MS, retryAfterMs ?? ASK_AGAIN_MS));
    await this.clock.sleep(wait, signal);
    return !signal.aborted;
  }
}
