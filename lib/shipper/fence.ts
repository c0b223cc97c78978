/** Errors that no step expected: each ends one episode's try, and nobody else's. */
import type { EpisodeId } from "../episode/mod.ts";
import { waitMs } from "../queue/mod.ts";
import { isForSpace, outcomeOfError } from "./outcome_of.ts";
import type { Outcome } from "./outcomes.ts";
import type { State } from "./result.ts";
import type { Shop } from "./shop.ts";

/** How it ended for the episode at which `error` came up. It is tried again later, however it looks by then. */
export function afterError(
  shop: Shop,
  id: EpisodeId,
  error: unknown,
): { readonly state: State; readonly outcome: Outcome } {
  const { queue, memory, random } = shop;
  const path = queue.layout.episode(id);
  const outcome = outcomeOfError(error, "look", path) ?? bugOutcome(shop, id, error);
  if (outcome.outcome === "stuck") {
    const { code, detail, remediation } = outcome;
    queue.log("episode-stuck", { id, code, detail, remediation });
  }
  // Without a signature there is nothing to write a record about.
  const nextTryMs = queue.clock.now() + waitMs(random, "slow", 1);
  memory.remember(id, { nextTryMs, isForSpace: isForSpace(outcome), verdict: undefined });
  // Nobody looks at it before: that it could be ready sooner must not wake anybody.
  queue.settling.forget(id);
  return { state: outcome.outcome === "stuck" ? "stuck" : "waiting", outcome };
}

/** What a bug means for the episode it met. */
export function bugOutcome({ queue }: Shop, id: EpisodeId, error: unknown): Outcome {
  const detail = error instanceof Error ? error.message : String(error);
  const stack = error instanceof Error ? error.stack ?? detail : detail;
  queue.log("episode-failed", { id, code: "internal", stack });
  return { outcome: "transient", code: "internal", detail, scope: "episode" };
}
