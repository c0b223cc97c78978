/** Whether the receiver is back, asked by one small request instead of an upload. */
import { outcomeOf } from "./outcome_of.ts";
import type { Shop } from "./shop.ts";

/** Pings if the breaker is open and its wait is over; lets requests out again when the receiver would take one. */
export async function probeIfDue({ breaker, transport }: Shop, signal: AbortSignal): Promise<void> {
  if (breaker.probeInMs !== 0) return;
  const answer = await transport.ping(signal);
  if (signal.aborted) return;
  if (answer.kind === "pong") breaker.probed();
  else breaker.note(outcomeOf(answer));
}
