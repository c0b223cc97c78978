/** What can be found of one episode on the disk: the facts that the rules decide by, each with all its values. */

export const FACTS = {
  /**
   * `episodes/<id>/`. `gone`: it is not there. `unseen`: it is there, but its record says that its next try is not due, so
   * nobody looked at its files. `no-meta`: without a `meta.json`. `settling`: changed lately. `unfit`: something in it can't
   * be kept exactly.
   */
  episode: ["gone", "unseen", "no-meta", "settling", "unfit", "ready"],
  /** A receipt (`retire`) or a reason (`quarantine`) with this very signature, whose `episode/` is not there yet. */
  unfinished: ["nothing", "retire", "quarantine"],
  /** `outbox/<id>.tar.zst.partial`. */
  partial: ["none", "there"],
  /** `outbox/<id>.tar.zst`. */
  archive: ["none", "there"],
  /**
   * `outbox/<id>.json`. `none`: missing or unreadable. `other`: about an episode of another signature. `noted`: about this
   * one, without an archive that fits. `packed`: about this one and the archive.
   * Where the episode is gone, any file of that name is `noted`.
   */
  record: ["none", "other", "noted", "packed"],
} as const;

export type Fact = keyof typeof FACTS;

/** One value of each fact. */
export type Found = { readonly [F in Fact]: (typeof FACTS)[F][number] };
