import type { ProblemName } from "../wire/mod.ts";

/** Why an episode could not be packed. */
export type PackCode =
  /** It holds something that format 1 can't keep exactly. */
  | "unfit"
  /** It has no regular file `meta.json`. */
  | "no-meta"
  /** It changed while it was packed. */
  | "changed"
  /** Its directory is no longer there. */
  | "gone";

/** Why an archive is refused, by the name of the receiver's problem. */
export type ArchiveProblem = Extract<
  ProblemName,
  "not-an-archive" | "unsafe-entry" | "bad-meta" | "too-large"
>;

const PROBLEMS: Readonly<Record<ArchiveProblem, true>> = {
  "not-an-archive": true,
  "unsafe-entry": true,
  "bad-meta": true,
  "too-large": true,
};

function isProblem(code: PackCode | ArchiveProblem): code is ArchiveProblem {
  return Object.hasOwn(PROBLEMS, code);
}

/** An episode that can't be packed, or an archive that is refused. */
export class ArchiveError extends Error {
  override readonly name = "ArchiveError";

  constructor(
    readonly code: PackCode | ArchiveProblem,
    /** The entry, shown on one line; empty when it is about the whole. */
    readonly subject: string,
    /** In words, read after the subject: `is a hard link`. */
    readonly detail: string,
    options?: ErrorOptions,
  ) {
    super(subject === "" ? detail : `${subject} ${detail}`, options);
  }

  /** The receiver's problem, when it is a refusal of an archive. */
  get problem(): ArchiveProblem | undefined {
    return isProblem(this.code) ? this.code : undefined;
  }
}

/** A path as a message shows it: on one line, and not endless. */
export function showPath(path: string): string {
  const shown = JSON.stringify(path).slice(1, -1);
  return shown.length <= 200 ? shown : `${shown.slice(0, 200)}…`;
}
