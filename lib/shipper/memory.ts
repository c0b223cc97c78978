/**
 * What this process knows beyond the disk: verdicts that could not be carried out, and next tries that could not be
 * written down. Losing it costs requests, never an episode.
 */
import type { EpisodeId, Signature } from "../episode/mod.ts";
import type { Outcome } from "./outcomes.ts";

interface Remembered {
  readonly nextTryMs: number;
  /** It is for want of space that it waits. */
  readonly isForSpace: boolean;
  /** The receiver's verdict on the episode of this signature: it need not be asked again. */
  readonly verdict: { readonly signature: Signature; readonly outcome: Outcome } | undefined;
}

export class Memory {
  readonly #byId = new Map<EpisodeId, Remembered>();

  remember(id: EpisodeId, remembered: Remembered): void {
    this.#byId.set(id, remembered);
  }

  forget(id: EpisodeId): void {
    this.#byId.delete(id);
  }

  nextTryMs(id: EpisodeId): number | undefined {
    return this.#byId.get(id)?.nextTryMs;
  }

  /** The verdict on the episode as it is now. */
  findVerdict(id: EpisodeId, signature: Signature): Outcome | undefined {
    const verdict = this.#byId.get(id)?.verdict;
    return verdict?.signature === signature ? verdict.outcome : undefined;
  }

  /** What waits for space is due. */
  spaceIsBack(): void {
    for (const [id, known] of this.#byId) {
      if (known.isForSpace) this.#byId.set(id, { ...known, nextTryMs: 0 });
    }
  }

  keepOnly(isThere: (id: EpisodeId) => boolean): void {
    for (const id of this.#byId.keys()) if (!isThere(id)) this.#byId.delete(id);
  }
}
