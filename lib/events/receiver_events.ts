/** What the receiver says. */
import { event } from "./event.ts";

const episode = (f: { readonly host: string; readonly id: string }) =>
  `episode ${f.id} of ${f.host}`;

export const RECEIVER_EVENTS = {
  "receiver-started": event({
    priority: "notice",
    fields: ["version", "listen"],
    words: (f) => `receiver ${f.version} listens on ${f.listen}`,
    means: "The store is open, and requests are taken.",
  }),
  "listening-ended": event({
    priority: "error",
    fields: ["listen", "why"],
    words: (f) => `no connection can be accepted on ${f.listen} any more; trying again: ${f.why}`,
    means: "The runtime has given the socket up, for example when there were too many open files.",
    act: "Nothing, unless it comes back: then `systemctl show -p LimitNOFILE cis490-receiver`.",
    thinBy: ["listen", "why"],
  }),
  "listening-impossible": event({
    priority: "error",
    fields: ["why"],
    words: (f) => `still not listening: ${f.why}`,
    means: "Hosts find nobody, and keep what they have. It is tried again.",
    act: "See who has the address of `listen`, and whether the directory of the socket is there.",
    thinBy: ["why"],
  }),
  "listening-again": event({
    priority: "notice",
    fields: ["listen"],
    words: (f) => `listens on ${f.listen} again`,
    means: "What `listening-ended` told is over.",
    ends: ["listening-ended", "listening-impossible"],
  }),
  "receiver-stopped": event({
    priority: "notice",
    fields: ["abandoned"],
    words: (f) =>
      f.abandoned === 0
        ? "receiver stopped, every request answered"
        : `receiver stopped; ${f.abandoned} requests were not answered in time`,
    means: "Hosts whose request was abandoned send again what was not acknowledged.",
  }),
  "self-check-failed": event({
    priority: "error",
    fields: ["why"],
    words: (f) =>
      `the receiver does not answer itself, and the watchdog gets no sign of life: ${f.why}`,
    means: "Said once; should it go on, systemd restarts the receiver.",
    act: "Nothing, unless it comes back: then look at the disk of `store_dir`.",
  }),
  "episode-received": event({
    priority: "info",
    fields: ["host", "id", "bytes", "ms"],
    words: (f) => `${episode(f)} stored`,
    means: "Verified and synced; the receipt went out.",
  }),
  "request-refused": event({
    priority: "info",
    fields: ["method", "path", "problem", "detail"],
    words: (f) => `${f.method} ${f.path} refused: ${f.detail}`,
    means: "The host was told the same words, and does what the problem asks of it.",
  }),
  "request-cut": event({
    priority: "info",
    fields: ["method", "path", "why"],
    words: (f) => `${f.method} ${f.path} ended before it was whole: ${f.why}`,
    means: "The host or the link went away. The upload goes on where it ended.",
  }),
  "request-failed": event({
    priority: "error",
    fields: ["method", "path", "stack"],
    words: (f) => `${f.method} ${f.path} failed; this is a bug of the receiver`,
    means: "The host hears 500 and tries again.",
    act: "Report it with the line.",
    thinBy: ["method", "stack"],
  }),
  "store-failed": event({
    priority: "error",
    fields: ["method", "path", "why"],
    words: (f) => `${f.method} ${f.path} failed at the store: ${f.why}`,
    means: "The disk is full, broken or not writable. The host hears 507 or 503 and tries again.",
    act: "Look at the disk of `store_dir`; `/readyz` says when it is well again.",
    thinBy: ["method", "why"],
  }),
  "partial-swept": event({
    priority: "notice",
    fields: ["host", "id", "bytes"],
    words: (f) => `unfinished upload of ${episode(f)} removed: its last byte came too long ago`,
    means: "`partial_keep_hours` are over, or the episode arrived otherwise.",
  }),
  "leftover-swept": event({
    priority: "info",
    fields: ["path"],
    words: (f) => `${f.path} removed: an interrupted request left it`,
    means: "Nothing of it was acknowledged.",
  }),
  "sweep-failed": event({
    priority: "warning",
    fields: ["why"],
    words: (f) => `old uploads can't be swept: ${f.why}`,
    means: "They take space until the next try.",
    act: "Look at the disk of `store_dir` and its rights.",
    thinBy: ["why"],
  }),
  "archive-adopted": event({
    priority: "notice",
    fields: ["host", "id"],
    words: (f) => `${episode(f)} had no receipt; it was verified again and has one now`,
    means: "The receiver was cut off between the two.",
  }),
  "archive-set-aside": event({
    priority: "warning",
    fields: ["host", "id", "path", "why"],
    words: (f) =>
      `${episode(f)} had no receipt and is not whole; it was moved to ${f.path}: ${f.why}`,
    means: "It was never acknowledged: the host still has the episode, and sends it again.",
  }),
  "receipt-set-aside": event({
    priority: "error",
    fields: ["host", "id", "path"],
    words: (f) => `the receipt of ${episode(f)} had no archive and was moved to ${f.path}`,
    means: "An acknowledged episode is gone from the store.",
    act:
      "Restore it from the backup, or let the host send it again: it keeps the episode until the receiver has been asked for it.",
  }),
  "catalogue-checked": event({
    priority: "info",
    fields: ["episodes", "removed", "ms"],
    words: (f) => `the catalogue was compared with the receipts of ${f.episodes} episodes`,
    means: "After the start: what it lacked was added, what is no longer stored was removed.",
  }),
  "catalogue-failed": event({
    priority: "warning",
    fields: ["path", "why"],
    words: (f) =>
      `the catalogue can't be used and will be made anew; no episode depends on it: ${f.why}`,
    means: "`cis490 receive list` reads the receipts meanwhile, which takes longer.",
    act: "Nothing, unless it comes back: then look at the disk of `store_dir`.",
    thinBy: ["path", "why"],
  }),
  "token-refused": event({
    priority: "warning",
    fields: ["from", "requests", "why"],
    words: (f) => `${f.requests} requests from ${f.from} were refused as unauthorized: ${f.why}`,
    means: "Said once a minute. Who goes on without a token that is valid is answered more slowly.",
    act:
      "A lab host of yours: give it a token by `cis490 receive token add`. Else find out who it is.",
  }),
  "tokens-read": event({
    priority: "info",
    fields: ["path", "tokens"],
    words: (f) => `${f.tokens} tokens read from ${f.path}`,
    means: "At the start, and when the file has changed.",
  }),
  "tokens-unreadable": event({
    priority: "error",
    fields: ["path", "why"],
    words: (f) => `${f.path} can't be used, the tokens read before stay valid: ${f.why}`,
    means: "A token that was added or revoked since then is not known to be so.",
    act: "Mend the file: `cis490 receive token list` reads it too.",
    thinBy: ["path", "why"],
  }),
} as const;
