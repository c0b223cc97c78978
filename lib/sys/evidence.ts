/**
 * Evidence of progress: the watchdog is fed by work that moved, never by a timer, and only while nothing
 * that was begun has stood still for too long. So one busy task cannot hide a stuck one.
 */
import type { Clock } from "./clock.ts";

/** A piece of work under way. */
export interface Task {
  /** Something moved: a block was packed, bytes were acknowledged. Never throws. */
  progress(): void;
  /** It has ended, well or badly. Never throws; more than once is harmless. */
  end(): void;
}

export interface Evidence {
  /**
   * Begins a task, which from then on must move within `deadlineMs`, or within the deadline of all when that
   * is shorter. A pause by right, such as that between two tries, is no task: end it first.
   */
  begin(name: string, deadlineMs?: number): Task;
  /** A whole pass ended. Never throws. */
  beat(): void;
  /** The tasks that have stood still beyond their deadline, oldest first. */
  stuck(): readonly string[];
}

export interface EvidenceOptions {
  /** WATCHDOG_USEC in milliseconds; undefined when nobody watches. */
  readonly watchdogMs: number | undefined;
  /** Sends WATCHDOG=1. */
  readonly feed: () => void;
}

/** The longest that any task may stand still, however patient the watchdog is. */
const LONGEST_DEADLINE_MS = 120_000;

export function createEvidence(
  clock: Pick<Clock, "monotonic">,
  options: EvidenceOptions,
): Evidence {
  const deadlineMs = Math.min(
    LONGEST_DEADLINE_MS,
    options.watchdogMs === undefined ? LONGEST_DEADLINE_MS : options.watchdogMs * 2 / 3,
  );
  // A message is 3 µs, but a pack reports every block: a tenth of the watchdog's patience is plenty.
  const pauseMs = Math.min(1000, (options.watchdogMs ?? 0) / 10);
  const tasks = new Map<symbol, { name: string; movedAt: number; deadlineMs: number }>();
  let fedAt = -Infinity;

  const stuck = () => {
    const now = clock.monotonic();
    return [...tasks.values()]
      .filter((task) => now - task.movedAt > task.deadlineMs)
      .sort((a, b) => a.movedAt - b.movedAt)
      .map((task) => task.name);
  };
  const beat = () => {
    const now = clock.monotonic();
    if (now - fedAt < pauseMs || stuck().length > 0) return;
    fedAt = now;
    options.feed();
  };
  return {
    stuck,
    beat,
    begin(name, own = deadlineMs) {
      const key = Symbol(name);
      const limitMs = Math.min(own, deadlineMs);
      tasks.set(key, { name, movedAt: clock.monotonic(), deadlineMs: limitMs });
      return {
        progress() {
          const task = tasks.get(key);
          if (task === undefined) return;
          task.movedAt = clock.monotonic();
          beat();
        },
        end() {
          if (tasks.delete(key)) beat();
        },
      };
    },
  };
}
