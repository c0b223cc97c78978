/** When an episode has settled: nobody writes to it any more. */
import type { EpisodeId, Signature, Tree } from "../episode/mod.ts";
import type { Clock } from "../sys/mod.ts";

interface Seen {
  readonly signature: Signature;
  /** Monotonic: when it was first seen so. */
  readonly sinceMs: number;
  /** Wall clock. */
  readonly newestCtimeMs: number;
}

/** What is remembered between two looks, only of episodes that have not settled yet. */
export class Settling {
  readonly #seen = new Map<EpisodeId, Seen>();

  constructor(
    private readonly clock: Pick<Clock, "now" | "monotonic">,
    private readonly settleMs: number,
  ) {}

  /**
   * True when the newest ctime is `settleMs` old by the wall clock, or the signature was the same `settleMs` ago by the
   * monotonic one. The second way is for wall clocks that were wrong when the files were written.
   */
  isReady(id: EpisodeId, tree: Pick<Tree, "signature" | "newestCtimeNs">): boolean {
    const newestCtimeMs = Number(tree.newestCtimeNs / 1_000_000n);
    const ageMs = this.clock.now() - newestCtimeMs;
    if (this.settleMs === 0 || ageMs >= this.settleMs) {
      this.#seen.delete(id);
      return true;
    }
    const nowMs = this.clock.monotonic();
    const seen = this.#seen.get(id);
    if (seen?.signature !== tree.signature) {
      this.#seen.set(id, { signature: tree.signature, sinceMs: nowMs, newestCtimeMs });
      return false;
    }
    if (nowMs - seen.sinceMs < this.settleMs) return false;
    this.#seen.delete(id);
    return true;
  }

  /** Forgets one that is not looked at for a while. */
  forget(id: EpisodeId): void {
    this.#seen.delete(id);
  }

  /** Forgets every episode that is not in the queue any more. */
  keepOnly(isThere: (id: EpisodeId) => boolean): void {
    for (const id of this.#seen.keys()) if (!isThere(id)) this.#seen.delete(id);
  }

  /** Milliseconds until the first of them can be ready; undefined when none settles. */
  firstReadyInMs(): number | undefined {
    let first: number | undefined;
    for (const { sinceMs, newestCtimeMs } of this.#seen.values()) {
      const byAge = newestCtimeMs + this.settleMs - this.clock.now();
      const byLooks = sinceMs + this.settleMs - this.clock.monotonic();
      const left = Math.max(0, Math.min(byAge, byLooks));
      if (first === undefined || left < first) first = left;
    }
    return first;
  }
}
