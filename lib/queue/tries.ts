/** When to try again: an outage must not end in a stampede, nor a wrong clock in a wait without end. */
import type { Random } from "../sys/mod.ts";
import type { EpisodeRecord } from "./record.ts";

const FIRST_MS = 5_000;
const LONGEST_MS = 5 * 60_000;
/** What waits for a person, or for the window. */
const SLOW_MS = 10 * 60_000;
/** No wait is longer; one that is comes from a clock that jumped. */
const LIMIT_MS = 60 * 60_000;

/**
 * `backoff`: exponential, 5 s to 5 min, with full jitter (Brooker, "Exponential Backoff And Jitter", 2015). `slow`: 10 to
 * 15 minutes.
 */
export type Schedule = "backoff" | "slow";

/**
 * Milliseconds to wait after the try number `tries` (1 is the first). `retryAfterMs`, what the receiver asked for, is
 * obeyed up to an hour.
 */
export function waitMs(
  random: Random,
  schedule: Schedule,
  tries: number,
  retryAfterMs = 0,
): number {
  const own = schedule === "slow"
    ? SLOW_MS * (1 + random() / 2)
    : random() * Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.min(tries - 1, 20));
  return Math.round(Math.max(own, Math.min(retryAfterMs, LIMIT_MS)));
}

/** Whether the next try of `record` is due. One more than an hour ahead is: the clock jumped since. */
export function isDue(record: Pick<EpisodeRecord, "nextTryMs">, nowMs: number): boolean {
  const { nextTryMs } = record;
  return nextTryMs === undefined || nextTryMs <= nowMs || nextTryMs > nowMs + LIMIT_MS;
}
