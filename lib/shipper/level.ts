/**
 * The level of zstd: a fixed one, or as high as the link leaves time for. Packing one archive may take as long as sending
 * one, since both go on side by side; beyond that the processor would be the bottleneck.
 */

import type { Clock } from "../sys/mod.ts";

interface Rung {
  readonly level: number;
  /** How long packing takes, and how much is to be sent, against level 3. `deno task bench:micro` measures both. */
  readonly time: number;
  readonly size: number;
}

const RUNGS: readonly Rung[] = [
  { level: 1, time: 0.75, size: 1.02 },
  { level: 3, time: 1, size: 1 },
  { level: 6, time: 2.5, size: 0.95 },
  { level: 9, time: 4.2, size: 0.92 },
  { level: 16, time: 50, size: 0.86 },
  { level: 19, time: 110, size: 0.85 },
];
const FIRST_LEVEL = 3;

/** Of what was measured, so much is believed of the newest. */
const NEWEST = 0.3;
/** Less than this says more about latencies than about bytes. */
const TELLING_BYTES = 16 * 1024;
/** So long the third archive's packing waits for what the uploads of the first ones tell of the link. */
const PATIENCE_MS = 10_000;

export class LevelChoice {
  /** Milliseconds for a byte of tar, and bytes of archive, both as if at level 3; undefined until there is one. */
  #packing: { readonly msPerByte: number; readonly size: number } | undefined;
  /** For a byte of archive. */
  #sendingMsPerByte: number | undefined;

  /** Archives that may yet be packed at a guess, and those whose way is not at its end. */
  #guesses: number;
  #underway = 0;
  /** Aborted when there is nothing to wait for any more. */
  readonly #known = new AbortController();
  #patience: Promise<void> | undefined;

  /** `guesses`: archives for which nobody waits until something is known. */
  constructor(private readonly wanted: number | "auto", guesses: number) {
    this.#guesses = wanted === "auto" ? guesses : 0;
    if (this.#guesses === 0) this.#known.abort();
  }

  /**
   * Waits, at the start of a process, until the next archive's level is more than a guess, for what is packed ahead at a guess
   * is sent as it is; not for long, not at all for the first ones, and no longer than they can tell anything. Returns what is
   * to be called at the end of the archive's way.
   */
  async settle(clock: Pick<Clock, "sleep">, signal: AbortSignal): Promise<() => void> {
    if (this.#known.signal.aborted) return () => {};
    if (this.#guesses > 0) {
      this.#guesses--;
      this.#underway++;
      return () => this.#guessEnded();
    }
    // Once a process.
    this.#patience ??= clock.sleep(PATIENCE_MS, AbortSignal.any([signal, this.#known.signal]));
    await this.#patience;
    return () => {};
  }

  /** When all of them are sent, or can't be, the link is told of by what follows: tiny archives tell nothing. */
  #guessEnded(): void {
    this.#underway--;
    if (this.#guesses === 0 && this.#underway === 0) this.#known.abort();
  }

  /** Of the next archive. */
  get level(): number {
    if (this.wanted !== "auto") return this.wanted;
    const [packing, sendingMs] = [this.#packing, this.#sendingMsPerByte];
    if (packing === undefined || sendingMs === undefined) return FIRST_LEVEL;
    const costs = RUNGS.map(({ level, time, size }) => ({
      level,
      ms: Math.max(packing.msPerByte * time, sendingMs * packing.size * size),
    }));
    return costs.reduce((best, one) => one.ms < best.ms ? one : best).level;
  }

  /** An archive was packed at `level` within `ms`. */
  packed(archive: { tarBytes: number; archiveBytes: number }, level: number, ms: number): void {
    const rung = RUNGS.find((rung) => rung.level === level);
    const { tarBytes, archiveBytes } = archive;
    if (rung === undefined || archiveBytes < TELLING_BYTES) return;
    this.#packing = {
      msPerByte: blend(this.#packing?.msPerByte, ms / tarBytes / rung.time),
      size: blend(this.#packing?.size, archiveBytes / tarBytes / rung.size),
    };
  }

  /** So many bytes of an archive were sent within `ms`. */
  sent(archiveBytes: number, ms: number): void {
    if (archiveBytes < TELLING_BYTES) return;
    this.#sendingMsPerByte = blend(this.#sendingMsPerByte, ms / archiveBytes);
    if (this.#packing !== undefined) this.#known.abort();
  }
}

function blend(before: number | undefined, now: number): number {
  return before === undefined ? now : before + (now - before) * NEWEST;
}
