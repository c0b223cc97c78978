/** A limit in time on something that may never end. */
import type { Clock } from "../sys/mod.ts";

export type Limited<T> =
  | { readonly kind: "done"; readonly value: T }
  | { readonly kind: "timeout" }
  | { readonly kind: "aborted" };

/**
 * Runs `run` for at most `ms` milliseconds, or until `signal` is aborted. The signal that `run` gets is aborted in both
 * cases, but nothing waits for it to be obeyed: name resolution, for one, can't be stopped. What `run` throws in time is
 * thrown.
 */
export async function withDeadline<T>(
  clock: Pick<Clock, "sleep">,
  ms: number,
  signal: AbortSignal,
  run: (signal: AbortSignal) => Promise<T>,
): Promise<Limited<T>> {
  if (signal.aborted) return { kind: "aborted" };
  const cut = new AbortController();
  const finished = new AbortController();
  const aborted = new Promise<Limited<T>>((resolve) => {
    signal.addEventListener("abort", () => resolve({ kind: "aborted" }), {
      signal: finished.signal,
      once: true,
    });
  });
  const timeout = clock.sleep(ms, finished.signal).then((): Limited<T> => ({ kind: "timeout" }));
  const running = run(cut.signal).then((value): Limited<T> => ({ kind: "done", value }));
  // Once it is cut off, how it fails no longer matters to anyone.
  running.catch(() => {});
  try {
    return await Promise.race([running, aborted, timeout]);
  } finally {
    finished.abort();
    cut.abort();
  }
}
