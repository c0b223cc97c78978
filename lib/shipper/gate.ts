/** Whether the receiver would accept a stamp, before an archive is packed for it. */
import type { Stamp } from "../episode/mod.ts";
import type { Transport } from "../transport/mod.ts";
import { UPDATE_LAB_HOST, type Window } from "../wire/mod.ts";
import type { Breaker } from "./breaker.ts";
import { outcomeOf } from "./outcome_of.ts";
import type { Outcome } from "./outcomes.ts";

export type Judgement =
  | { readonly kind: "accepted" }
  | { readonly kind: "outside"; readonly outcome: Outcome }
  /** The window could not be had. An upload finds out. */
  | { readonly kind: "unknown" };

/** The window of one pass: asked for once, and only when an episode needs it. A receiver that is away opens the breaker. */
export class Gate {
  #answer: ReturnType<Transport["window"]> | undefined;
  #commits: ReadonlySet<Stamp> | undefined;

  constructor(
    private readonly transport: Pick<Transport, "window">,
    private readonly breaker: Pick<Breaker, "note">,
    private readonly signal: AbortSignal,
  ) {}

  async judge(stamp: Stamp): Promise<Judgement> {
    const answer = await (this.#answer ??= this.#ask());
    if (answer.kind !== "window") return { kind: "unknown" };
    this.#commits ??= new Set(answer.window.commits);
    return this.#commits.has(stamp)
      ? { kind: "accepted" }
      : { kind: "outside", outcome: outsideOutcome(stamp, answer.window) };
  }

  async #ask(): ReturnType<Transport["window"]> {
    const answer = await this.transport.window(this.signal);
    // One that was given up says nothing of the receiver.
    if (answer.kind !== "window" && !this.signal.aborted) this.breaker.note(outcomeOf(answer));
    return answer;
  }
}

function outsideOutcome(stamp: Stamp, window: Window): Outcome {
  const newest = window.commits[0]?.slice(0, 12) ?? "none";
  return {
    outcome: "held",
    code: "out-of-window",
    detail: `commit ${stamp.slice(0, 12)} is not in the window of ${window.branch} ` +
      `(size ${window.commits.length}, newest ${newest}, source ${window.source})`,
    scope: "episode",
    remediation: UPDATE_LAB_HOST,
  };
}
