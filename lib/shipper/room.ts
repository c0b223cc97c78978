/** Room for one more archive: places in the outbox, and space on the disk. */
import type { EpisodeId } from "../episode/mod.ts";
import type { Fs } from "../sys/mod.ts";

export interface RoomOptions {
  /** Archives that may lie in the outbox. */
  readonly places: number;
  /** Free space that packing leaves, in bytes. */
  readonly minFreeBytes: number;
}

/** Headers, padding and what compression can add, by entry and by byte: an upper bound of format 1. */
const ENTRY_BYTES = 3 * 512;
const FRAME_OVERHEAD = 1 / 1000;

/** The most that an archive of so many bytes in so many entries can take. */
export function archiveBoundBytes(sizeBytes: number, entries: number): number {
  return Math.ceil((sizeBytes + entries * ENTRY_BYTES) * (1 + FRAME_OVERHEAD)) + 64 * 1024;
}

export class Room {
  /** Archives that somebody works on, and the space that packing may still take of them. */
  readonly #working = new Map<EpisodeId, number>();
  /** Archives that wait for their next try. */
  readonly #waiting = new Map<EpisodeId, number>();

  /** Nobody knows what the process before this one has seen. */
  #wasLow = true;

  constructor(private readonly fs: Pick<Fs, "space">, private readonly options: RoomOptions) {}

  /** An archive was found in the outbox; when it is tried next is not known yet. */
  found(id: EpisodeId): void {
    if (!this.#working.has(id) && !this.#waiting.has(id)) this.#waiting.set(id, 0);
  }

  /** True when an archive of `boundBytes` leaves `minFreeBytes` free on the disk of `path`. Throws FsError. */
  hasSpace(path: string, boundBytes: number): boolean {
    const leftBytes = this.fs.space(path).freeBytes - this.promisedBytes - boundBytes;
    return leftBytes >= this.options.minFreeBytes;
  }

  /** The space that the archives which are being packed may still take. */
  get promisedBytes(): number {
    let promised = 0;
    for (const bytes of this.#working.values()) promised += bytes;
    return promised;
  }

  /** True, once, when the disk of `path` is not low any more. To be asked in every pass. Throws FsError. */
  isSpaceBack(path: string): boolean {
    const isLow = this.fs.space(path).freeBytes < this.options.minFreeBytes;
    const isBack = this.#wasLow && !isLow;
    this.#wasLow = isLow;
    return isBack;
  }

  /** False when {@link take} would be, as things are. */
  hasPlace(id: EpisodeId): boolean {
    const taken = this.#size - (this.#waiting.has(id) ? 1 : 0);
    return this.#working.has(id) || taken < this.options.places;
  }

  /** True when there is a place for `id`, which then has it. */
  take(id: EpisodeId, boundBytes: number): boolean {
    this.#waiting.delete(id);
    if (!this.#working.has(id) && this.#size >= this.options.places) return false;
    this.#working.set(id, boundBytes);
    return true;
  }

  get #size(): number {
    return this.#working.size + this.#waiting.size;
  }

  /** The archive that waits longest for its next try: the one to give up when its place is needed. */
  findLeastUrgent(): EpisodeId | undefined {
    let last: { readonly id: EpisodeId; readonly nextTryMs: number } | undefined;
    for (const [id, nextTryMs] of this.#waiting) {
      if (last === undefined || nextTryMs > last.nextTryMs) last = { id, nextTryMs };
    }
    return last?.id;
  }

  /** Somebody works on an archive that is there already: it has its place, whatever the number. */
  keep(id: EpisodeId): void {
    this.#waiting.delete(id);
    this.#working.set(id, 0);
  }

  /** The archive is complete: it takes no more space than it has. */
  packed(id: EpisodeId): void {
    this.#working.set(id, 0);
  }

  /** Nobody works on it any more, and its archive stays until `nextTryMs` of the wall clock. */
  rest(id: EpisodeId, nextTryMs: number): void {
    this.#working.delete(id);
    this.#waiting.set(id, nextTryMs);
  }

  /** It has no archive any more. */
  leave(id: EpisodeId): void {
    this.#working.delete(id);
    this.#waiting.delete(id);
  }
}
