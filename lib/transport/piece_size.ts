/** How large the next piece is: what the link moves in about five seconds. */

const KIB = 1024;
const MIB = 1024 * KIB;

export const MIN_PIECE_BYTES = 64 * KIB;
/**
 * The protocol allows 16 MiB. Deno's fetch copies a body: with two uploads at once, pieces of 16 MiB reach 280 MB of memory,
 * of 8 MiB 200 MB, of 4 MiB 160 MB, at the same speed.
 */
export const MAX_PIECE_BYTES = 4 * MIB;
/** Before anything is known of the link. */
export const FIRST_PIECE_BYTES = MIB;
/** An archive above this is never sent in one request. */
export const MAX_ONE_SHOT_BYTES = 4 * MIB;

const TARGET_MS = 5000;
/** One fast piece may have met an empty buffer on the way: it is believed only in part. */
const MAX_GROWTH = 4;

/** Within the limits, and a multiple of the smallest piece. */
export function clampPieceBytes(bytes: number): number {
  const whole = Math.floor(bytes / MIN_PIECE_BYTES) * MIN_PIECE_BYTES;
  return Math.min(MAX_PIECE_BYTES, Math.max(MIN_PIECE_BYTES, whole));
}

/** The size after a piece of `sentBytes` was acknowledged `elapsedMs` after its first byte went out. */
export function nextPieceBytes(current: number, sentBytes: number, elapsedMs: number): number {
  const wanted = sentBytes * TARGET_MS / Math.max(1, elapsedMs);
  // A short last piece says more about latency than about the link, so it is no reason to shrink.
  const floor = sentBytes < current ? current : 0;
  return clampPieceBytes(Math.min(current * MAX_GROWTH, Math.max(floor, wanted)));
}

/** The size after a piece failed. */
export function halvedPieceBytes(current: number): number {
  return clampPieceBytes(current / 2);
}

/** How long a request with a body of `bytes` may take: a minute, and its size at 128 kbit/s, at most 100 s. */
export function pieceTimeoutMs(bytes: number): number {
  const bitsPerMs = 128;
  return Math.min(100_000, 60_000 + bytes * 8 / bitsPerMs);
}

/** The size that all uploads to one receiver share: it is the link's, not an upload's. */
export class PieceSize {
  #bytes: number;

  constructor(firstBytes: number = FIRST_PIECE_BYTES) {
    this.#bytes = clampPieceBytes(firstBytes);
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** The largest archive that goes in one request: one piece, so that a slow link can move it in time. */
  get oneShotBytes(): number {
    return Math.min(MAX_ONE_SHOT_BYTES, this.#bytes);
  }

  acknowledged(sentBytes: number, elapsedMs: number): void {
    this.#bytes = nextPieceBytes(this.#bytes, sentBytes, elapsedMs);
  }

  failed(): void {
    this.#bytes = halvedPieceBytes(this.#bytes);
  }
}
