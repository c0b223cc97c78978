/** Pass after pass, woken by the file system, by the tick, and by what was promised to be due. */
import { isFsError, type Watch } from "../sys/mod.ts";
import { type PassOptions, runPass } from "./pass.ts";
import { probeIfDue } from "./probe.ts";
import { createReminders } from "./reminders.ts";
import type { PassSummary } from "./result.ts";
import type { Shop } from "./shop.ts";

export interface DaemonParts {
  /** Of episodes/. Only a hint: what it misses is seen at the next tick. */
  readonly watch: Watch;
  /** A pass begins. Must not throw. */
  readonly passing?: () => void;
  /** A pass has ended; undefined when it could not be made. Must not throw. */
  readonly passed: (summary: PassSummary | undefined) => void;
  /** True, once, when somebody wants a pass in which everything that waits is due. */
  readonly takeHurry?: () => boolean;
}

export interface DaemonOptions {
  /** The longest wait between two passes, in milliseconds. */
  readonly scanIntervalMs: number;
}

/** No shorter wait, so that a clock gone wrong can't make it spin. */
const SHORTEST_WAIT_MS = 20;

/** Runs until `signal` is aborted; then what is under way is given up, synced as far as it came. */
export async function runDaemon(
  shop: Shop,
  parts: DaemonParts,
  options: DaemonOptions,
  signal: AbortSignal,
): Promise<void> {
  const { queue, breaker, lanes, looks } = shop;
  const remind = createReminders(queue.clock, queue.log);
  const wait = (until: AbortSignal) => {
    const waitMs = Math.min(
      options.scanIntervalMs,
      queue.settling.firstReadyInMs() ?? Infinity,
      breaker.probeInMs ?? Infinity,
    );
    return parts.watch.wait(Math.max(SHORTEST_WAIT_MS, waitMs), until);
  };
  while (!signal.aborted) {
    const allDue = parts.takeHurry?.() ?? false;
    if (allDue) breaker.hurry();
    await probeIfDue(shop, signal);
    parts.passing?.();
    let isWoken = false;
    const until = async (done: AbortSignal) => {
      if (done.aborted) return;
      isWoken = await wait(AbortSignal.any([signal, done])) !== "aborted";
    };
    const summary = await tryPass(shop, signal, { until, allDue });
    parts.passed(summary);
    if (summary !== undefined) remind(summary);
    // What ended the pass while uploads were under way is what the next one is for.
    if (!isWoken) await wait(signal);
  }
  await lanes.ended();
  await looks.running;
}

/** The fence around a pass: a directory that can't be read now may be readable at the next tick. */
async function tryPass(
  shop: Shop,
  signal: AbortSignal,
  options: PassOptions,
): Promise<PassSummary | undefined> {
  try {
    return await runPass(shop, signal, options);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    const stack = isFsError(error) || !(error instanceof Error) ? undefined : error.stack;
    shop.queue.log("pass-failed", { why, stack });
    return undefined;
  }
}
