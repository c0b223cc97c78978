/** What the receiver says of the commits that it accepts. Each is said when it changes, not at every reading. */
import { event } from "./event.ts";

export const WINDOW_EVENTS = {
  "window-read": event({
    priority: "info",
    fields: ["source", "size", "newest", "age_s"],
    words: (f) => `${f.size} commits are accepted, the newest ${f.newest}`,
    means: "The window is another one, or comes from another source, than before.",
  }),
  "window-failed": event({
    priority: "warning",
    fields: ["source", "why"],
    words: (f) => `the accepted commits can't be read: ${f.why}`,
    means:
      "This source is silent or makes no sense; the others, and the window known last, are used.",
    act: "See that Forgejo or the repository answers: docs/version-gate.md.",
  }),
  "window-lost": event({
    priority: "error",
    fields: ["why"],
    words: (f) => `no commit is accepted or refused, every episode waits: ${f.why}`,
    means: "No source answers, and nothing young enough is known. Hosts hear 503.",
    act: "See that Forgejo or the repository answers: docs/version-gate.md.",
  }),
  "window-rewritten": event({
    priority: "notice",
    fields: ["source", "gone", "before", "size", "was", "newest"],
    words: (f) =>
      `${f.gone} of ${f.before} accepted commits are gone, the newest of them too: the branch was rewritten, ` +
      `or grew by more than the window at once; the ${f.size} commits up to ${f.newest} are accepted`,
    means: "Episodes of the commits that are gone are held.",
    act: "If nobody meant that: restore the branch, or widen `window_commits`.",
  }),
  "window-not-kept": event({
    priority: "warning",
    fields: ["path", "why"],
    words: (f) => `${f.path} can't be written, a restart would not know the window: ${f.why}`,
    means: "The window is kept in memory alone.",
    act: "Look at the disk of `store_dir` and its rights.",
  }),
} as const;
