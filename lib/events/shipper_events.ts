/** What the shipper says of its passes, of the receiver, and of this host. */
import { event } from "./event.ts";

type Fix = { readonly remediation: string | undefined };

const mend = (f: Fix) => f.remediation === undefined ? "" : `; to mend it: ${f.remediation}`;

export const SHIPPER_EVENTS = {
  "shipper-started": event({
    priority: "notice",
    fields: ["version", "data_dir"],
    words: (f) => `shipper ${f.version} started on ${f.data_dir}`,
    means: "The queue is open, and locked against a second shipper.",
  }),
  "pass-finished": event({
    priority: "info",
    fields: ["shipped", "held", "quarantined", "waiting", "not_ready", "stuck", "ms"],
    words: (f) => `pass finished: ${f.shipped} shipped, ${f.waiting + f.stuck} left`,
    means:
      "Said when something was shipped or quarantined, when the counts are others than before, and every five minutes.",
  }),
  "pass-failed": event({
    priority: "error",
    fields: ["why", "stack"],
    words: (f) => `a pass could not be made: ${f.why}`,
    means: "The queue's directories can't be read. The next pass tries again.",
    act: "`cis490 doctor`; with a `stack` it is a bug: report it with the line.",
    thinBy: ["why"],
  }),
  "held": event({
    priority: "notice",
    fields: ["count"],
    words({ count }) {
      if (count === 0) return "no episode is held any more";
      if (count === 1) return "1 episode is held: its commit is not accepted now";
      return `${count} episodes are held: their commits are not accepted now`;
    },
    means: "Said when the first is held, then every five minutes, and once when none is any more.",
    act:
      "Update the lab's code (`episode-held` names the command), or have the receiver accept these commits.",
  }),
  "receiver-away": event({
    priority: "warning",
    fields: ["code", "status", "detail", "remediation"],
    words: (f) => `the receiver can't be used now: ${f.detail}${mend(f)}`,
    means:
      "An outage, or this host's own certificates or token are not there yet. Episodes are packed ahead and wait; a ping asks whether it is over.",
    act: "`cis490 ping` shows how far the way is open; `cis490 doctor` what mends it.",
    thinBy: ["code", "detail"],
  }),
  "paused": event({
    priority: "error",
    fields: ["code", "status", "detail", "remediation"],
    words: (f) => `nothing is sent: ${f.detail}${mend(f)}`,
    means:
      "The receiver refuses this host as a whole, or is full: no episode can be the reason. A ping asks every 10 to 15 minutes.",
    act: "What `remediation` says; then `cis490 ship --now`.",
    thinBy: ["code"],
  }),
  "nothing-sent": event({
    priority: "notice",
    fields: ["since_s", "code", "detail", "remediation"],
    words: (f) =>
      `nothing has been sent for ${Math.round(f.since_s / 60)} min: ${f.detail}${mend(f)}`,
    means: "Said every five minutes while `receiver-away` or `paused` goes on.",
    act: "As there.",
  }),
  "receiver-back": event({
    priority: "notice",
    fields: ["after"],
    words: () => "the receiver answers again",
    means: "What `receiver-away` or `paused` told is over.",
    ends: ["receiver-away", "paused"],
  }),
  "certificates-bad": event({
    priority: "warning",
    fields: ["why"],
    words: (f) => `the new certificate files can't be used, the old ones are: ${f.why}`,
    means: "A renewal is half done, or failed. Uploads go on with the old pair until it expires.",
    act: "`cis490 doctor` names the file; docs/pki.md says how to renew.",
    thinBy: ["why"],
  }),
  "certificates-good": event({
    priority: "notice",
    fields: [],
    words: () => "the certificate files can be used again",
    means: "What `certificates-bad` told is over.",
    ends: ["certificates-bad"],
  }),
  "disk-low": event({
    priority: "error",
    fields: ["id", "needed_bytes", "free_bytes", "dir"],
    words: (f) =>
      `packing pauses: episode ${f.id} and min_free_mb do not fit on the disk of ${f.dir}`,
    means: "Nothing more is packed until there is space; nothing unshipped is removed to make it.",
    act: "`df -h` that directory, and remove what is not the queue's.",
    thinBy: ["dir"],
  }),
  "stranger": event({
    priority: "warning",
    fields: ["name", "dir"],
    words: (f) => `${f.name} in ${f.dir} can be no episode and is left alone`,
    means: "It is not a directory, or its name is none that an episode may have; in outbox/, a " +
      "directory has the name of a file.",
    act: "Rename it, or move it out: `cis490 doctor` gives the command.",
    thinBy: ["name", "dir"],
  }),
  "clock-unchecked": event({
    priority: "warning",
    fields: ["why"],
    words: (f) => `nothing old is removed until a receiver agrees with this clock: ${f.why}`,
    means: "A wrong clock must not delete what is young.",
    act: "`timedatectl`, if the clock is wrong; else nothing.",
    thinBy: ["why"],
  }),
} as const;
