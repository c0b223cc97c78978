/**
 * What this process knows beyond the disk: verdicts that could not be carried out, and next tries that could not be
 * written down. Losing it costs requests, never an episode.
 */
import type { EpisodeId, Signature } from "../episode/mod.ts";
import type { Queue } from "../queue/mod.ts";
import type { Outcome } from "./outcomes.ts";

interface Remembered {
  readonly nextTryMs: number;
  /** It is for want of space that it waits. */
  readonly isForSpace: boolean;
  /** The receiver's verdict on the episode of this signature: it need not be asked again. */
  readonly verdict: { readonly signature: Signature; readonly outcome: Outcome } | undefined;
}

export class Memory {
  readonly #byId = new Map<EpisodeId, Remembered & { readonly stay: bigint | undefined }>();

  constructor(private readonly queue: Pick<Queue, "fs" | "layout">) {}

  remember(id: EpisodeId, remembered: Remembered): void {
    this.#byId.set(id, { ...remembered, stay: this.#stayOf(id) });
  }

  forget(id: EpisodeId): void {
    this.#byId.delete(id);
  }

  nextTryMs(id: EpisodeId): number | undefined {
    return this.#find(id)?.nextTryMs;
  }

  /** The verdict on the episode as it is now. */
  findVerdict(id: EpisodeId, signature: Signature): Outcome | undefined {
    const verdict = this.#find(id)?.verdict;
    return verdict?.signature === signature ? verdict.outcome : undefined;
  }

  /** What waits for space is due. */
  spaceIsBack(): void {
    for (const [id, known] of this.#byId) {
      if (known.isForSpace) this.#byId.set(id, { ...known, nextTryMs: 0 });
    }
  }

  #find(id: EpisodeId): Remembered | undefined {
    const known = this.#byId.get(id);
    return known !== undefined && known.stay === this.#stayOf(id) ? known : undefined;
  }

  /**
   * The ctime of its directory, which a rename sets: an episode that an operator has taken out and put back, between two
   * passes, starts afresh.
   */
  #stayOf(id: EpisodeId): bigint | undefined {
    try {
      return this.queue.fs.findStat(this.queue.layout.episode(id))?.ctimeNs;
    } catch {
      // The fence around an episode asks this after whatever went wrong, and may not throw.
      return undefined;
    }
  }

  keepOnly(isThere: (id: EpisodeId) => boolean): void {
    for (const id of this.#byId.keys()) if (!isThere(id)) this.#byId.delete(id);
  }
}
