/**
 * Verifications that follow uploads in pieces: while one piece comes in, those before it are read and checked, so that
 * little is left to do after the last one. A follower is only ever a head start: an upload that has none, or loses it, is
 * verified from its beginning when all of it is there.
 */
import type { HostId } from "../episode/mod.ts";
import type { Clock } from "../sys/mod.ts";

/** What follows: in the receiver an UploadVerification. */
export interface Following {
  /** It holds nothing any more, and its place is free. */
  readonly isOver: boolean;
  advance(endBytes: number): Promise<void>;
  abort(): void;
}

/** A piece that is synced and counted. */
export interface Growth {
  /** The upload's name in memory. */
  readonly key: string;
  readonly host: HostId;
  readonly fromBytes: number;
  readonly toBytes: number;
  readonly isLast: boolean;
}

interface Follower<V> {
  readonly key: string;
  readonly host: HostId;
  readonly verification: V;
  /** Where the last piece ended. */
  endBytes: number;
  /** Monotonic, of the last piece. */
  movedMs: number;
  /** The upload's own job has it, and ends it. */
  isTaken: boolean;
}

/** Each takes the memory of a decoder, up to 9 MB. One a host, so that no host has them all. */
const PLACES = { places: 2, perHost: 1 };
/** An upload without a new piece for so long gives up its place. */
const IDLE_MS = 60_000;

export class Followers<V extends Following> {
  #all: Follower<V>[] = [];

  constructor(private readonly clock: Pick<Clock, "monotonic">) {}

  /** Those that have a place. */
  get count(): number {
    return this.#live().length;
  }

  /**
   * An upload has grown: its follower goes on to the end of the piece. The first piece begins one where there is a place,
   * unless it is the last as well. Never throws, and waits for nothing.
   *
   * @param begin makes the verification
   */
  grew(piece: Growth, begin: () => V): void {
    const follower = this.#of(piece) ?? this.#begin(piece, begin);
    if (follower === undefined) return;
    follower.endBytes = piece.toBytes;
    follower.movedMs = this.clock.monotonic();
    // Whatever it was, the verification from the beginning meets it again, and somebody hears of it there.
    follower.verification.advance(piece.toBytes).catch(() => follower.verification.abort());
  }

  /**
   * The verification that has followed this upload to its end, for its job to end or abort: it keeps its place until then.
   * Undefined when there is none.
   */
  take(key: string, archiveBytes: number): V | undefined {
    const follower = this.#find(key);
    if (follower?.endBytes !== archiveBytes) {
      follower?.verification.abort();
      return undefined;
    }
    follower.isTaken = true;
    return follower.verification;
  }

  /** The upload is no more. */
  drop(key: string): void {
    this.#find(key)?.verification.abort();
  }

  /** Takes the places of uploads that do not move. */
  dropIdle(): void {
    const before = this.clock.monotonic() - IDLE_MS;
    for (const { isTaken, movedMs, verification } of this.#all) {
      if (!isTaken && movedMs < before) verification.abort();
    }
  }

  /** Nothing follows any more. */
  dropAll(): void {
    for (const { isTaken, verification } of this.#all) if (!isTaken) verification.abort();
  }

  /** The follower for which this piece is the next. One that has seen other pieces before is of bytes that are gone. */
  #of({ key, fromBytes }: Growth): Follower<V> | undefined {
    const follower = this.#find(key);
    if (fromBytes > 0 && follower?.endBytes === fromBytes) return follower;
    follower?.verification.abort();
    return undefined;
  }

  #begin(
    { key, host, fromBytes, isLast }: Growth,
    begin: () => V,
  ): Follower<V> | undefined {
    if (fromBytes > 0 || isLast) return undefined;
    this.dropIdle();
    const live = this.#live();
    const own = live.filter((follower) => follower.host === host);
    if (live.length >= PLACES.places || own.length >= PLACES.perHost) return undefined;
    const follower = { key, host, verification: begin(), endBytes: 0, movedMs: 0, isTaken: false };
    live.push(follower);
    return follower;
  }

  #find(key: string): Follower<V> | undefined {
    return this.#live().find((follower) => follower.key === key && !follower.isTaken);
  }

  #live(): Follower<V>[] {
    this.#all = this.#all.filter(({ verification }) => !verification.isOver);
    return this.#all;
  }
}
