/** What the shipper says. */
import { event } from "./event.ts";

type Trouble = { code: string; detail: string };
type Fix = { remediation: string | undefined };
type Status = { status: number | undefined };

const episode = (f: { id: string }) => `episode ${f.id}`;
const mend = (f: Fix) => f.remediation === undefined ? "" : `; to mend it: ${f.remediation}`;

export const SHIPPER_EVENTS = {
  "shipper-started": event<{ version: string; data_dir: string }>(
    "notice",
    (f) => `shipper ${f.version} started on ${f.data_dir}`,
  ),
  "episode-shipped": event<{ id: string; bytes: number; ms: number; already: boolean }>(
    "info",
    (f) => `${episode(f)} ${f.already ? "was stored already" : "shipped"}`,
  ),
  "episode-held": event<Trouble & Status & { id: string }>(
    "notice",
    (f) => `${episode(f)} held: ${f.detail}`,
  ),
  "episode-quarantined": event<Trouble & Status & Fix & { id: string }>(
    "warning",
    (f) => `${episode(f)} quarantined: ${f.detail}${mend(f)}`,
  ),
  "episode-stuck": event<Trouble & Fix & { id: string }>(
    "error",
    (f) => `${episode(f)} is stuck: ${f.detail}${mend(f)}`,
  ),
  "episode-changed": event<{ id: string; detail: string }>(
    "notice",
    (f) => `${episode(f)} stays: ${f.detail}`,
  ),
  "try-failed": event<Trouble & Status & { id: string; next_try_s: number }>(
    "warning",
    (f) => `${episode(f)} did not get through: ${f.detail}; next try in ${f.next_try_s} s`,
  ),
  "archive-refused": event<Trouble & { id: string; again: boolean }>(
    "warning",
    (f) =>
      f.again
        ? `the archive of ${episode(f)} was bad, packing afresh: ${f.detail}`
        : `a fresh archive of ${episode(f)} was refused like the one before: ${f.detail}`,
  ),
  "episode-failed": event<{ id: string; code: string; stack: string }>(
    "error",
    (f) => `${episode(f)} met a bug of the shipper; it stays and is tried again`,
  ),
  "paused": event<Trouble & Status & Fix>(
    "error",
    (f) => `nothing is sent: ${f.detail}${mend(f)}`,
  ),
  "receiver-away": event<Trouble & Status & Fix>(
    "warning",
    (f) => `the receiver can't be used now: ${f.detail}${mend(f)}`,
  ),
  "certificates-bad": event<{ why: string }>(
    "warning",
    (f) => `the new certificate files can't be used, the old ones are: ${f.why}`,
  ),
  "certificates-good": event<Record<never, never>>(
    "notice",
    () => "the certificate files can be used again",
  ),
  "receiver-back": event<{ after: string }>("notice", () => "the receiver answers again"),
  "disk-low": event<{ id: string; needed_bytes: number; free_bytes: number; dir: string }>(
    "error",
    (f) => `packing pauses: ${episode(f)} and min_free_mb do not fit on the disk of ${f.dir}`,
  ),
  "outbox-swept": event<{ id: string; why: string }>(
    "info",
    (f) => `leftovers of ${episode(f)} removed from the outbox`,
  ),
  "archive-dropped": event<{ id: string; why: string; record: string }>(
    "info",
    (f) => `the archive of ${episode(f)} dropped: ${f.why}`,
  ),
  "move-finished": event<{ id: string; place: string }>(
    "notice",
    (f) => `${episode(f)}: its interrupted move to ${f.place} is finished`,
  ),
  "return-finished": event<{ id: string; place: string }>(
    "notice",
    (f) => `${episode(f)}: its interrupted return from ${f.place} to the queue is finished`,
  ),
  "return-blocked": event<{ id: string; place: string }>(
    "error",
    (f) => `${episode(f)} can't return from ${f.place}: another one of that name is in the queue`,
  ),
  "pruned": event<{ id: string; place: string; why: string; recorded_at: string }>(
    "notice",
    (f) => `${episode(f)} removed from ${f.place}: ${f.why}`,
  ),
  "prune-failed": event<{ place: string; why: string; stack: string | undefined }>(
    "warning",
    (f) => `${f.place} could not be removed: ${f.why}`,
  ),
  "shipped-lost": event<{ id: string; place: string }>(
    "warning",
    (f) => `the receiver has lost ${episode(f)}: it goes from ${f.place} back into the queue`,
  ),
  "shipped-differs": event<{ id: string; place: string }>(
    "warning",
    (f) => `${f.place} stays: the receiver has another ${episode(f)}`,
  ),
  "clock-unchecked": event<{ why: string }>(
    "warning",
    (f) => `nothing old is removed until a receiver agrees with this clock: ${f.why}`,
  ),
  "record-not-written": event<{ id: string; why: string }>(
    "warning",
    (f) => `the next try of ${episode(f)} could not be written down: ${f.why}`,
  ),
  "stranger": event<{ name: string; dir: string }>(
    "warning",
    (f) => `${f.name} in ${f.dir} can be no episode and is left alone`,
  ),
  "held": event<{ count: number }>(
    "notice",
    ({ count }) => {
      if (count === 0) return "no episode is held any more";
      if (count === 1) return "1 episode is held: its commit is not accepted now";
      return `${count} episodes are held: their commits are not accepted now`;
    },
  ),
  "pass-failed": event<{ why: string; stack: string | undefined }>(
    "error",
    (f) => `a pass could not be made: ${f.why}`,
  ),
  "pass-finished": event<{
    shipped: number;
    held: number;
    quarantined: number;
    waiting: number;
    not_ready: number;
    stuck: number;
    ms: number;
  }>("info", (f) => `pass finished: ${f.shipped} shipped, ${f.waiting + f.stuck} left`),
} as const;
