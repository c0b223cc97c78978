/** What the receiver says of the commits that it accepts. Each is said when it changes, not at every reading. */
import { event } from "./event.ts";

export const WINDOW_EVENTS = {
  "window-read": event<{ source: string; size: number; newest: string; age_s: number }>(
    "info",
    (f) => `${f.size} commits are accepted, the newest ${f.newest}`,
  ),
  "window-failed": event<{ source: string; why: string }>(
    "warning",
    (f) => `the accepted commits can't be read: ${f.why}`,
  ),
  "window-lost": event<{ why: string }>(
    "error",
    (f) => `no commit is accepted or refused, every episode waits: ${f.why}`,
  ),
  "window-rewritten": event<
    { source: string; gone: number; before: number; size: number; was: string; newest: string }
  >(
    "notice",
    (f) =>
      `${f.gone} of ${f.before} accepted commits are gone, the newest of them too: the branch was rewritten, ` +
      `or grew by more than the window at once; the ${f.size} commits up to ${f.newest} are accepted`,
  ),
  "window-not-kept": event<{ path: string; why: string }>(
    "warning",
    (f) => `${f.path} can't be written, a restart would not know the window: ${f.why}`,
  ),
} as const;
