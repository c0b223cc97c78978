/**
 * The upper limit of all uploads together. A piece goes out as fast as the link takes it; the pause before the next one
 * makes up for it. Bodies are counted: fields, TLS and TCP add some 4 % on the wire.
 */
import type { Clock } from "../sys/mod.ts";
import { clampPieceBytes } from "./piece_size.ts";

/** So long at most passes before `waiting` is told again: whoever watches must not take a pause for a standstill. */
const SLICE_MS = 10_000;

/**
 * The bytes that may have been sent by now grow with time, as fast as the limit says; a piece goes out when they have
 * caught up with all that was promised before it. Time in which nothing is sent is not saved up.
 */
export class RateLimit {
  #bytesPerSecond: number | undefined;
  /** What was promised to pieces, and what may have been sent at `#atMs`; only their difference matters. */
  #promisedBytes = 0;
  #allowedBytes = 0;
  #atMs: number;
  #changed = new AbortController();

  constructor(
    private readonly clock: Pick<Clock, "monotonic" | "sleep">,
    bytesPerSecond: number | undefined,
  ) {
    this.#bytesPerSecond = bytesPerSecond;
    this.#atMs = clock.monotonic();
  }

  /** Another limit from now on, also for whoever waits; undefined: none. */
  set(bytesPerSecond: number | undefined): void {
    if (bytesPerSecond === this.#bytesPerSecond) return;
    this.#grow();
    this.#bytesPerSecond = bytesPerSecond;
    this.#changed.abort();
    this.#changed = new AbortController();
  }

  /**
   * The largest piece: half a second's worth. Uploads take turns, and any ten seconds hold at most one piece, a twentieth,
   * beyond the limit; with a whole second's they would hold a tenth.
   */
  get pieceBytes(): number {
    if (this.#bytesPerSecond === undefined) return Infinity;
    return clampPieceBytes(this.#bytesPerSecond / 2);
  }

  /**
   * Waits until `bytes` more may go out, in the order of the calls; returns at once when `signal` is aborted. `waiting` is
   * called every few seconds meanwhile.
   */
  async take(bytes: number, signal: AbortSignal, waiting: () => void): Promise<void> {
    this.#grow();
    const before = this.#promisedBytes = Math.max(this.#promisedBytes, this.#allowedBytes);
    this.#promisedBytes += bytes;
    while (!signal.aborted && this.#bytesPerSecond !== undefined) {
      this.#grow();
      const missing = before - this.#allowedBytes;
      if (missing <= 0) return;
      const ms = Math.ceil(missing * 1000 / this.#bytesPerSecond);
      await this.clock.sleep(
        Math.min(SLICE_MS, ms),
        AbortSignal.any([signal, this.#changed.signal]),
      );
      waiting();
    }
  }

  #grow(): void {
    const now = this.clock.monotonic();
    // Without a limit, everything that was promised may have been sent.
    this.#allowedBytes = this.#bytesPerSecond === undefined
      ? Math.max(this.#allowedBytes, this.#promisedBytes)
      : this.#allowedBytes + (now - this.#atMs) * this.#bytesPerSecond / 1000;
    this.#atMs = now;
  }
}
