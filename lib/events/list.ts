/**
 * Every event that the program logs: its name, its journal priority (sd-daemon(3)), and its words. The doctor
 * reads the journal by this same list, so writer and reader cannot drift apart. Names that are no longer written, or not
 * yet, stay readable: see read.ts.
 */

import { event } from "./event.ts";
import { RECEIVER_EVENTS } from "./receiver_events.ts";
import { SHIPPER_EVENTS } from "./shipper_events.ts";
import { WINDOW_EVENTS } from "./window_events.ts";

export const EVENTS = {
  ...RECEIVER_EVENTS,
  ...SHIPPER_EVENTS,
  ...WINDOW_EVENTS,
  "reloaded": event<{ file: string }>("notice", (f) => `${f.file} was read again and is in use`),
  "reload-refused": event<{ file: string; why: string }>(
    "error",
    (f) => `${f.file} was read again and is refused; the configuration before it stays: ${f.why}`,
  ),
  "watchdog-short": event<{ watchdog_s: number; wanted_s: number; why: string }>(
    "warning",
    (f) => `WatchdogSec=${f.watchdog_s} is short, ${f.why}; give it ${f.wanted_s} s or more`,
  ),
  "notify-impossible": event<{ why: string }>(
    "warning",
    (f) => `systemd is not told what goes on here, nor its watchdog fed: ${f.why}`,
  ),
  "stopping": event<{ signal: string }>("notice", (f) => `${f.signal}: stopping`),
} as const;

export type EventName = keyof typeof EVENTS;

/** The fields that an event must carry. */
export type EventFields<N extends EventName> = Parameters<(typeof EVENTS)[N]["words"]>[0];
