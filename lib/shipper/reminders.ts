/** What goes on between two passes without anything happening is said at a steady rate, so that the doctor need not look far back. */
import type { Clock } from "../sys/mod.ts";
import type { Log } from "../events/mod.ts";
import type { PassSummary } from "./result.ts";

/** Between two lines. */
const INTERVAL_MS = 5 * 60_000;

/** To be called after each pass: says now and then how many episodes are held, and that nothing is sent. */
export function createReminders(
  clock: Pick<Clock, "monotonic">,
  log: Log,
): (summary: Pick<PassSummary, "counts" | "stopped">) => void {
  const sayHeld = heldSayer(clock, log);
  const sayStopped = stoppedSayer(clock, log);
  return ({ counts, stopped }) => {
    sayHeld(counts.held);
    sayStopped(stopped);
  };
}

/** The first time at once, then now and then, and once that there are none any more. */
function heldSayer(clock: Pick<Clock, "monotonic">, log: Log): (count: number) => void {
  let said = { count: 0, atMs: -Infinity };
  return (count) => {
    const atMs = clock.monotonic();
    const isDue = said.count === 0 || count === 0 || atMs - said.atMs >= INTERVAL_MS;
    if (!isDue || (count === 0 && said.count === 0)) return;
    said = { count, atMs };
    log("held", { count });
  };
}

/** The beginning and the end are told by others, who know more of them. */
function stoppedSayer(
  clock: Pick<Clock, "monotonic">,
  log: Log,
): (stopped: PassSummary["stopped"]) => void {
  let state: { readonly sinceMs: number; saidMs: number } | undefined;
  return (stopped) => {
    const atMs = clock.monotonic();
    if (stopped === undefined) return void (state = undefined);
    state ??= { sinceMs: atMs, saidMs: atMs };
    if (atMs - state.saidMs < INTERVAL_MS) return;
    state.saidMs = atMs;
    const { code, detail, remediation } = stopped;
    log("nothing-sent", {
      since_s: Math.round((atMs - state.sinceMs) / 1000),
      code,
      detail,
      remediation,
    });
  };
}
