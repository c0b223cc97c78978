/** What the shipper says of one episode. Each is a fact of its own, and never thinned. */
import { event } from "./event.ts";

type Fix = { readonly remediation: string | undefined };

const episode = (f: { readonly id: string }) => `episode ${f.id}`;
const mend = (f: Fix) => f.remediation === undefined ? "" : `; to mend it: ${f.remediation}`;

export const EPISODE_EVENTS = {
  "episode-shipped": event({
    priority: "info",
    fields: ["id", "bytes", "ms", "already"],
    words: (f) => `${episode(f)} ${f.already ? "was stored already" : "shipped"}`,
    means: "Acknowledged by the receiver and moved to `shipped/`.",
  }),
  "episode-held": event({
    priority: "notice",
    fields: ["id", "code", "status", "detail"],
    words: (f) => `${episode(f)} held: ${f.detail}`,
    means:
      "The receiver does not accept the commit that recorded it (412). It stays, and is tried again when the window changes, and slowly.",
    act: "`cd /opt/cis490 && git pull && sudo ./install/install-lab-host.sh`",
  }),
  "episode-quarantined": event({
    priority: "warning",
    fields: ["id", "code", "status", "detail", "remediation"],
    words: (f) => `${episode(f)} quarantined: ${f.detail}${mend(f)}`,
    means:
      "It can never be accepted as it is. It lies in `quarantine/`, with the reason beside it.",
    act: "`cis490 quarantine list` shows the reasons; mend them, then return it to the queue.",
  }),
  "episode-stuck": event({
    priority: "error",
    fields: ["id", "code", "detail", "remediation"],
    words: (f) => `${episode(f)} is stuck: ${f.detail}${mend(f)}`,
    means: "The disk or its rights keep the episode from being moved. It is not sent again.",
    act: "What `remediation` says.",
  }),
  "episode-changed": event({
    priority: "notice",
    fields: ["id", "detail"],
    words: (f) => `${episode(f)} stays: ${f.detail}`,
    means: "Somebody still writes it. It is packed again when it has settled.",
  }),
  "episode-failed": event({
    priority: "error",
    fields: ["id", "code", "stack"],
    words: (f) => `${episode(f)} met a bug of the shipper; it stays and is tried again`,
    means: "An error that nobody foresaw. Other episodes are not concerned.",
    act: "Report it with the line.",
  }),
  "try-failed": event({
    priority: "warning",
    fields: ["id", "code", "status", "detail", "next_try_s"],
    words: (f) => `${episode(f)} did not get through: ${f.detail}; next try in ${f.next_try_s} s`,
    means: "It stays and is tried again, later from try to try.",
    act: "Nothing, unless it goes on: then `cis490 doctor`.",
  }),
  "archive-refused": event({
    priority: "warning",
    fields: ["id", "code", "detail", "again"],
    words: (f) =>
      f.again
        ? `the archive of ${episode(f)} was bad, packing afresh: ${f.detail}`
        : `a fresh archive of ${episode(f)} was refused like the one before: ${f.detail}`,
    means: "What arrived was not what was packed, or can't be read again.",
    act: "With `again=false`: look at the disks of both ends, and at the memory.",
  }),
  "outbox-swept": event({
    priority: "info",
    fields: ["id", "why"],
    words: (f) => `leftovers of ${episode(f)} removed from the outbox`,
    means: "Its episode is not in the queue any more.",
  }),
  "archive-dropped": event({
    priority: "info",
    fields: ["id", "why", "record"],
    words: (f) => `the archive of ${episode(f)} dropped: ${f.why}`,
    means: "It is no longer the episode's, or was not finished; `why` is a rule of docs/queue.md.",
  }),
  "move-finished": event({
    priority: "notice",
    fields: ["id", "place"],
    words: (f) => `${episode(f)}: its interrupted move to ${f.place} is finished`,
    means: "A process before this one was ended between two steps.",
  }),
  "return-finished": event({
    priority: "notice",
    fields: ["id", "place"],
    words: (f) => `${episode(f)}: its interrupted return from ${f.place} to the queue is finished`,
    means: "A process before this one was ended between two steps.",
  }),
  "return-blocked": event({
    priority: "error",
    fields: ["id", "place"],
    words: (f) =>
      `${episode(f)} can't return from ${f.place}: another one of that name is in the queue`,
    means: "It stays where it is.",
    act: "Rename one of the two.",
  }),
  "record-not-written": event({
    priority: "warning",
    fields: ["id", "why"],
    words: (f) => `the next try of ${episode(f)} could not be written down: ${f.why}`,
    means: "It is kept in memory; a restart tries the episode at once.",
    act: "`cis490 doctor` looks at the disk and its rights.",
  }),
  "pruned": event({
    priority: "notice",
    fields: ["id", "place", "recorded_at", "why"],
    words: (f) => `${episode(f)} removed from ${f.place}: ${f.why}`,
    means: "Retention, docs/queue.md: a shipped one only after the receiver said that it has it.",
  }),
  "prune-failed": event({
    priority: "warning",
    fields: ["place", "why", "stack"],
    words: (f) => `${f.place} could not be removed: ${f.why}`,
    means: "It stays, and is looked at again.",
    act: "`cis490 doctor` looks at the disk and its rights.",
    thinBy: ["place", "why"],
  }),
  "shipped-lost": event({
    priority: "warning",
    fields: ["id", "place"],
    words: (f) =>
      `the receiver has lost ${episode(f)}: it goes from ${f.place} back into the queue`,
    means: "Its store was restored from a backup, or is another one.",
  }),
  "shipped-changed": event({
    priority: "warning",
    fields: ["id", "place"],
    words: (f) =>
      `${f.place} was written to after ${episode(f)} was shipped: it goes back into the queue`,
    means:
      "Whoever recorded it had kept a file open. The receiver has what was there before, and " +
      "will not take the other; that stays in quarantine as `different-episode`.",
    act:
      "Have recordings end before they are moved into `episodes/`, or give the queue a longer `settle_s`.",
  }),
  "shipped-differs": event({
    priority: "warning",
    fields: ["id", "place"],
    words: (f) => `${f.place} stays: the receiver has another ${episode(f)}`,
    means: "Two recordings of one name. Nothing is removed.",
    act: "Compare them; give the host a `host_id` of its own if names are reused.",
    thinBy: ["place"],
  }),
} as const;
