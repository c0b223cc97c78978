/** What the receiver says. */
import { event } from "./event.ts";

const episode = (f: { host: string; id: string }) => `episode ${f.id} of ${f.host}`;

export const RECEIVER_EVENTS = {
  "receiver-started": event<{ version: string; listen: string }>(
    "notice",
    (f) => `receiver ${f.version} listens on ${f.listen}`,
  ),
  "listening-ended": event<{ listen: string; why: string }>(
    "error",
    (f) => `no connection can be accepted on ${f.listen} any more; trying again: ${f.why}`,
  ),
  "listening-impossible": event<{ why: string }>(
    "error",
    (f) => `still not listening: ${f.why}`,
  ),
  "listening-again": event<{ listen: string }>("notice", (f) => `listens on ${f.listen} again`),
  "receiver-stopped": event<{ abandoned: number }>(
    "notice",
    (f) =>
      f.abandoned === 0
        ? "receiver stopped, every request answered"
        : `receiver stopped; ${f.abandoned} requests were not answered in time`,
  ),
  "self-check-failed": event<{ why: string }>(
    "error",
    (f) => `the receiver does not answer itself, and the watchdog gets no sign of life: ${f.why}`,
  ),
  "episode-received": event<{ host: string; id: string; bytes: number; ms: number }>(
    "info",
    (f) => `${episode(f)} stored`,
  ),
  "request-refused": event<
    { problem: string; method: string; path: string; detail: string }
  >("info", (f) => `${f.method} ${f.path} refused: ${f.detail}`),
  "request-cut": event<{ method: string; path: string; why: string }>(
    "info",
    (f) => `${f.method} ${f.path} ended before it was whole: ${f.why}`,
  ),
  "request-failed": event<{ method: string; path: string; stack: string }>(
    "error",
    (f) => `${f.method} ${f.path} failed; this is a bug of the receiver`,
  ),
  "store-failed": event<{ method: string; path: string; why: string }>(
    "error",
    (f) => `${f.method} ${f.path} failed at the store: ${f.why}`,
  ),
  "partial-swept": event<{ host: string; id: string; bytes: number }>(
    "notice",
    (f) => `unfinished upload of ${episode(f)} removed: its last byte came too long ago`,
  ),
  "leftover-swept": event<{ path: string }>(
    "info",
    (f) => `${f.path} removed: an interrupted request left it`,
  ),
  "sweep-failed": event<{ why: string }>(
    "warning",
    (f) => `old uploads can't be swept: ${f.why}`,
  ),
  "archive-adopted": event<{ host: string; id: string }>(
    "notice",
    (f) => `${episode(f)} had no receipt; it was verified again and has one now`,
  ),
  "archive-set-aside": event<{ host: string; id: string; path: string; why: string }>(
    "warning",
    (f) => `${episode(f)} had no receipt and is not whole; it was moved to ${f.path}: ${f.why}`,
  ),
  "receipt-set-aside": event<{ host: string; id: string; path: string }>(
    "error",
    (f) => `the receipt of ${episode(f)} had no archive and was moved to ${f.path}`,
  ),
  "token-refused": event<{ from: string; requests: number; why: string }>(
    "warning",
    (f) => `${f.requests} requests from ${f.from} were refused as unauthorized: ${f.why}`,
  ),
  "catalogue-checked": event<{ episodes: number; removed: number; ms: number }>(
    "info",
    (f) => `the catalogue was compared with the receipts of ${f.episodes} episodes`,
  ),
  "catalogue-failed": event<{ path: string; why: string }>(
    "warning",
    (f) => `the catalogue can't be used and will be made anew; no episode depends on it: ${f.why}`,
  ),
  "tokens-read": event<{ path: string; tokens: number }>(
    "info",
    (f) => `${f.tokens} tokens read from ${f.path}`,
  ),
  "tokens-unreadable": event<{ path: string; why: string }>(
    "error",
    (f) => `${f.path} can't be used, the tokens read before stay valid: ${f.why}`,
  ),
} as const;
