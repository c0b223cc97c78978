/** How one episode, and a whole pass, ended. */
import type { EpisodeId } from "../episode/mod.ts";
import type { Outcome } from "./outcomes.ts";

export const STATES = [
  "shipped",
  "already-stored",
  "held",
  "quarantined",
  /** Left for a later try. */
  "waiting",
  "not-ready",
  /** Left until a person mends something on this host. */
  "stuck",
  /** It vanished. */
  "gone",
] as const;

/** Where an episode is after a pass. */
export type State = (typeof STATES)[number];

export interface Result {
  readonly id: EpisodeId;
  readonly state: State;
  /** What led there in this pass; undefined when nothing was tried. */
  readonly outcome?: Outcome | undefined;
  /** Of the archive, where one was sent. */
  readonly bytes?: number | undefined;
  /** From the first byte read to the end, in milliseconds. */
  readonly ms?: number | undefined;
}

/** What lies in episodes/ and can be no episode. */
export interface Strangers {
  readonly count: number;
  /** Full paths of the first few. */
  readonly paths: readonly string[];
}

export interface PassSummary {
  readonly counts: Readonly<Record<State, number>>;
  /** How often each code came up, of tries that did not end in `shipped/`. */
  readonly codes: Readonly<Record<string, number>>;
  /** Bytes of archives that the receiver has taken. */
  readonly bytes: number;
  readonly strangers: Strangers;
  /** Episodes of which leftovers were swept from the outbox. */
  readonly swept: number;
  /** Wall-clock milliseconds at which the oldest episode that is left was recorded. */
  readonly oldestMs?: number | undefined;
  /** Why requests were not made any more. */
  readonly stopped: Outcome | undefined;
  readonly ms: number;
}

/** True when nothing is left that another pass, or a person, has to do. */
export function isDone({ counts, strangers, stopped }: PassSummary): boolean {
  return counts.waiting === 0 && counts.stuck === 0 && strangers.count === 0 &&
    stopped === undefined;
}

/** States that an episode stays in; the others it comes to once. */
const STAYS: ReadonlySet<State> = new Set(["held", "waiting", "not-ready", "stuck"]);

/**
 * Counts from one summary to the next: how many left the queue in that time, and where each of those that are still there
 * was seen last. A daemon's pass may look at one whose try has ended since the last.
 */
export class Tally {
  readonly #left = new Map<EpisodeId, State>();
  readonly #counts: Record<State, number> = {
    "shipped": 0,
    "already-stored": 0,
    "held": 0,
    "quarantined": 0,
    "waiting": 0,
    "not-ready": 0,
    "stuck": 0,
    "gone": 0,
  };
  readonly #codes = new Map<string, number>();
  #bytes = 0;

  add({ id, state, outcome, bytes }: Result): void {
    if (STAYS.has(state)) this.#left.set(id, state);
    else {
      this.#left.delete(id);
      this.#counts[state]++;
    }
    if (state === "shipped") this.#bytes += bytes ?? 0;
    if (outcome === undefined || state === "shipped" || state === "already-stored") return;
    this.#codes.set(outcome.code, (this.#codes.get(outcome.code) ?? 0) + 1);
  }

  /** The counts as they are now, and from now on anew. */
  take(rest: Omit<PassSummary, "counts" | "codes" | "bytes">): PassSummary {
    const counts = { ...this.#counts };
    for (const state of this.#left.values()) counts[state]++;
    const summary = { counts, codes: Object.fromEntries(this.#codes), bytes: this.#bytes, ...rest };
    this.#left.clear();
    for (const state of STATES) this.#counts[state] = 0;
    this.#codes.clear();
    this.#bytes = 0;
    return summary;
  }
}
