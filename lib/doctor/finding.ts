/** What a check is, and what it finds. */

export const ROLES = ["lab-host", "receiver"] as const;
export type Role = (typeof ROLES)[number];

/** From bad to good. `unseen`: it could not be looked at, so nothing is known. */
export const SEVERITIES = ["red", "unseen", "yellow", "green"] as const;
export type Severity = (typeof SEVERITIES)[number];

/** What a finding rests on, by name. */
export type Evidence = Readonly<Record<string, string | number | boolean | readonly string[]>>;

export interface Finding {
  readonly severity: Severity;
  /** One line: what is the matter, or what was found good. */
  readonly cause: string;
  /** The command that mends it, or shows more, to be run as it stands. Undefined when nothing is wrong. */
  readonly fix?: string | undefined;
  readonly evidence: Evidence;
}

/** What documentation says of a code. */
export interface Meaning {
  /** What is wrong when the row is not green, in a sentence. */
  readonly means: string;
  /** How that comes about. */
  readonly comes: string;
  /** How it is mended, beyond what the printed command does. */
  readonly mend: string;
}

/** One check. It judges facts and looks at nothing itself. */
export interface Check<Facts> extends Meaning {
  /** The name of the problem. Stable: programs and documentation refer to it. */
  readonly code: string;
  /** What stands in front of its row: the name of the thing. */
  readonly title: string;
  /** Codes of the same role; when one of them is red or unseen, this one would only repeat it, and is left out. */
  readonly dependsOn: readonly string[];
  /** Codes of this machine's receiver, when that is the one that this lab host sends to. */
  readonly dependsOnReceiverHere?: readonly string[];
  readonly judge: (facts: Facts) => Finding;
}

/** A finding under the name of its check. */
export interface Row extends Finding {
  readonly role: Role;
  readonly code: string;
  readonly title: string;
  /** Codes of the checks that were left out because of this one. */
  readonly hides: readonly string[];
}

/** A part of the machine that was looked at, or why it could not be. */
export type Seen<T, Why> =
  | { readonly kind: "seen"; readonly value: T }
  | { readonly kind: "unseen"; readonly why: Why };

/** What a user does who may not look. */
export const AS_ROOT = "sudo cis490 doctor";
