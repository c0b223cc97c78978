/** What a try means for the episode, and what is done then. */
import type { LastTry, Schedule } from "../queue/mod.ts";
import type { Problem, Receipt } from "../wire/mod.ts";

/** What happens to an episode, and to its archive. */
export type Act =
  /** To `shipped/`, with its receipt. */
  | "retire"
  /** To `quarantine/`, with the reason. */
  | "quarantine"
  /** Stays; its archive is deleted. */
  | "unpack"
  /** Stays as it is. */
  | "keep"
  /** Archive and record are forgotten: the next look begins anew. */
  | "forget";

interface OutcomeRow {
  readonly act: Act;
  /** When it is tried again; undefined when it is not, or when the receiver as a whole decides. */
  readonly schedule?: Schedule;
  readonly why: string;
}

export const OUTCOMES = {
  "stored": { act: "retire", why: "The receiver has it on its disk." },
  "already-stored": { act: "retire", why: "The receiver had it on its disk already." },
  "held": {
    act: "unpack",
    schedule: "slow",
    why: "The receiver does not accept its commit now. Tried again when the window changes.",
  },
  "transient": {
    act: "keep",
    schedule: "backoff",
    why: "It did not work this time, and nothing says that it can't work.",
  },
  "paused": {
    act: "keep",
    why: "The answer is about this host or the receiver as a whole, not about the episode.",
  },
  "fatal": { act: "quarantine", why: "It can never be accepted." },
  "repack": {
    act: "unpack",
    schedule: "slow",
    why:
      "The archive was bad, not the episode. Packed afresh at once, and slowly when that was refused too.",
  },
  "changed": { act: "forget", why: "It is not the episode that was looked at; it is not ready." },
  "gone": { act: "forget", why: "It vanished. Somebody took it away, which is not an error." },
  "stuck": {
    act: "keep",
    schedule: "slow",
    why:
      "This host's disk or its rights are in the way. No request is made until a person mends it.",
  },
} as const satisfies Readonly<Record<string, OutcomeRow>>;

export type OutcomeKind = keyof typeof OUTCOMES;

export function outcomeRow(kind: OutcomeKind): OutcomeRow {
  return OUTCOMES[kind];
}

interface OutcomeBase extends LastTry {
  /** Whose fault it is: one outage is one backoff for the receiver, not one per episode. */
  readonly scope: "episode" | "receiver";
  /** Nothing was sent: files of this host are not ready. To look at them again costs nothing. */
  readonly isLocal?: boolean | undefined;
  /** The command that mends it. */
  readonly remediation?: string | undefined;
  readonly retryAfterMs?: number | undefined;
  /** The receiver's refusal, word for word. */
  readonly problem?: Problem | undefined;
}

/** What a try ended with. */
export type Outcome =
  | (OutcomeBase & { readonly outcome: "stored" | "already-stored"; readonly receipt: Receipt })
  | (OutcomeBase & { readonly outcome: Exclude<OutcomeKind, "stored" | "already-stored"> });
