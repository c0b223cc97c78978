/**
 * A hint that something happened in a directory, inotify(7). Only a hint: events are lost under load and when
 * the directory is replaced, so whoever waits also looks at fixed intervals.
 */
import type { Clock } from "./clock.ts";

export interface Watch {
  /**
   * Returns when something happened since the last return, after `ms` milliseconds, or when `signal` is
   * aborted, whichever comes first. A burst is one event.
   */
  wait(ms: number, signal: AbortSignal): Promise<"event" | "tick" | "aborted">;
  /** Ends a wait as an event does. */
  poke(): void;
  close(): void;
}

/** How long a burst of events must rest before it counts. */
const QUIET_MS = 50;

/**
 * Watches the names in `path`, not below; that one goes away is no event. Where it cannot (yet), every wait is a tick, and
 * tries anew.
 */
export function watchDirectory(clock: Pick<Clock, "sleep">, path: string): Watch {
  let watcher: Deno.FsWatcher | undefined;
  let happened = false;
  let wake: (() => void) | undefined;
  const poke = () => {
    happened = true;
    wake?.();
  };

  const follow = async (events: Deno.FsWatcher) => {
    try {
      for await (const event of events) {
        if (event.paths.some(exists)) poke();
        // The directory itself is gone or replaced: this watch will never speak again.
        if (event.kind === "remove" && event.paths.includes(path)) break;
      }
    } catch {
      // A hint that fails is no hint; the tick goes on.
    }
    if (watcher === events) watcher = undefined;
  };
  const arm = () => {
    if (watcher !== undefined) return;
    try {
      watcher = Deno.watchFs(path, { recursive: false });
      follow(watcher);
    } catch {
      // Not there yet, or no inotify watch to be had: the next wait tries again.
      watcher = undefined;
    }
  };
  arm();

  return {
    poke,
    async wait(ms, signal) {
      arm();
      const woken = new AbortController();
      wake = () => woken.abort();
      if (happened) woken.abort();
      await clock.sleep(ms, AbortSignal.any([signal, woken.signal]));
      wake = undefined;
      if (signal.aborted) return "aborted";
      if (!happened) return "tick";
      for (let rests = 0; happened && rests < 20 && !signal.aborted; rests++) {
        happened = false;
        await clock.sleep(QUIET_MS, signal);
      }
      // Whoever gave up this wait has not heard of it.
      if (signal.aborted) {
        happened = true;
        return "aborted";
      }
      happened = false;
      return "event";
    },
    close() {
      try {
        watcher?.close();
      } catch {
        // It closed itself in this very moment.
      }
      watcher = undefined;
    },
  };
}

function exists(path: string): boolean {
  try {
    Deno.lstatSync(path);
    return true;
  } catch (error) {
    return !(error instanceof Deno.errors.NotFound);
  }
}
