/** What both daemons say: of their configuration, of systemd, of their end. */
import { event } from "./event.ts";

export const SERVICE_EVENTS = {
  "reloaded": event({
    priority: "notice",
    fields: ["file"],
    words: (f) => `${f.file} was read again and is in use`,
    means: "After SIGHUP.",
  }),
  "reload-refused": event({
    priority: "error",
    fields: ["file", "why"],
    words: (f) =>
      `${f.file} was read again and is refused; the configuration before it stays: ${f.why}`,
    means: "After SIGHUP. All errors of the file stand in the line.",
    act: "Mend the file, then `systemctl reload` the unit.",
  }),
  "watchdog-short": event({
    priority: "warning",
    fields: ["watchdog_s", "wanted_s", "why"],
    words: (f) => `WatchdogSec=${f.watchdog_s} is short, ${f.why}; give it ${f.wanted_s} s or more`,
    means: "What is no stall could look like one.",
    act: "Raise WatchdogSec= in a drop-in, or remove the one that lowered it.",
  }),
  "notify-impossible": event({
    priority: "warning",
    fields: ["why"],
    words: (f) => `systemd is not told what goes on here, nor its watchdog fed: ${f.why}`,
    means: "With WatchdogSec=, systemd ends a process that is well.",
    act: "Use the unit as it comes; docs/systemd.md says what it needs.",
  }),
  "stopping": event({
    priority: "notice",
    fields: ["signal"],
    words: (f) => `${f.signal}: stopping`,
    means: "The next start goes on where this one ends.",
  }),
} as const;
