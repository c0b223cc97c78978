/**
 * The verification of an upload in pieces, read from the disk: behind the pieces while they come, or all of it once the
 * last one is there. Nothing of it outlives the process, and nothing depends on how much of it ran early.
 */
import type { Clock } from "../sys/mod.ts";
import type { ReceiverLimits } from "./limits.ts";
import { Stopwatch } from "./stopwatch.ts";
import type { Announcement, Store } from "./store.ts";
import { blocksOf, giveTurn, Verification, type VerifiedArchive } from "./verification.ts";

export interface UploadVerificationParts {
  readonly store: Pick<Store, "openPartial">;
  readonly clock: Pick<Clock, "monotonic">;
  readonly limits: ReceiverLimits;
}

/**
 * While bytes are still to come, nobody waits for the verification: after each step, of less than a millisecond, whoever
 * does wait gets so many turns of the event loop, a piece that is under way above all.
 */
const STEP_BYTES = 64 * 1024;
const TURNS_FOR_OTHERS = 16;

export class UploadVerification {
  readonly #verification: Verification;
  readonly #verifying: Stopwatch;
  /** Bytes that were read and checked. */
  #offsetBytes = 0;
  /** Bytes that may be read. */
  #endBytes = 0;
  /** What reads now; its file is open only for so long. */
  #reading: Promise<void> | undefined;
  #isOver = false;

  constructor(
    private readonly parts: UploadVerificationParts,
    private readonly announcement: Announcement,
  ) {
    this.#verification = new Verification(announcement, parts.limits);
    this.#verifying = new Stopwatch(parts.clock);
  }

  /** It was aborted, as it has to be after its end as well, and holds nothing any more. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** Time spent so far, without waiting for bytes, for the disk or for others. */
  get totalMs(): number {
    return this.#verifying.totalMs;
  }

  /**
   * Reads on to `endBytes` after the archive's start, or to the end of the file if that comes first. The bytes up to there
   * must be the upload's for good. May be called while an earlier call is under way, which then goes on to the later end.
   * Throws FsError; of a flaw of the archive, `end` speaks.
   */
  advance(endBytes: number): Promise<void> {
    this.#endBytes = Math.max(this.#endBytes, endBytes);
    this.#reading ??= this.#readOn();
    return this.#reading;
  }

  /** All bytes are on the disk: reads the rest, and judges. Throws Refusal, as `Verification.end` does, or FsError. */
  async end(): Promise<VerifiedArchive> {
    // To the end of the file, wherever that is: what gets the archive's name is the file.
    await this.advance(Infinity);
    return await this.#verifying.time(() => this.#verification.end());
  }

  /** Frees what is held; may be called at any time. A running `advance` rejects, and closes its file. */
  abort(): void {
    this.#isOver = true;
    this.#verification.abort();
  }

  /** Bytes are still to come, as far as it was told. */
  get #isFollowing(): boolean {
    return this.#endBytes < Infinity;
  }

  #nextBytes(): number {
    const leftBytes = this.#endBytes - this.#offsetBytes;
    return this.#isFollowing ? Math.min(leftBytes, STEP_BYTES) : leftBytes;
  }

  async #readOn(): Promise<void> {
    // Before anything else, so that whoever started this has noted it when it ends.
    await Promise.resolve();
    try {
      const reading = this.parts.store.openPartial(this.announcement, this.#offsetBytes);
      for (const block of blocksOf(reading, () => this.#nextBytes())) {
        if (this.#isOver) throw new Error("the verification was aborted");
        await this.#verifying.time(() => this.#verification.write(block));
        this.#offsetBytes += block.byteLength;
        for (let turn = 0; turn < TURNS_FOR_OTHERS && this.#isFollowing; turn++) await giveTurn();
      }
    } finally {
      // In the same turn as the last look at the end: a later one is read by the next call.
      this.#reading = undefined;
    }
  }
}
