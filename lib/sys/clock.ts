/** Time as a parameter: tests move it, the program reads it. */
export interface Clock {
  /** Milliseconds since the epoch, from the wall clock, which may jump. */
  now(): number;
  /** Milliseconds since some start, never backwards. */
  monotonic(): number;
  /** Waits `ms` milliseconds; returns at once, without throwing, when `signal` is aborted. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

/** The machine's own clock. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  sleep(ms, signal) {
    return new Promise((resolve) => {
      if (signal?.aborted) return resolve();
      const done = () => {
        clearTimeout(timer);
        signal?.removeEventListener("abort", done);
        resolve();
      };
      const timer = setTimeout(done, Math.min(ms, 2 ** 31 - 1));
      signal?.addEventListener("abort", done);
    });
  },
};
