/**
 * Every event that the program logs: its name, its journal priority (sd-daemon(3)), its fields and its words. The doctor
 * reads the journal by this same list, so writer and reader cannot drift apart; docs/events.md is printed from it. Names that are no longer
 * written, or not yet, stay readable: see read.ts.
 */
import { EPISODE_EVENTS } from "./episode_events.ts";
import { RECEIVER_EVENTS } from "./receiver_events.ts";
import { SERVICE_EVENTS } from "./service_events.ts";
import { SHIPPER_EVENTS } from "./shipper_events.ts";
import { WINDOW_EVENTS } from "./window_events.ts";

export const EVENTS = {
  ...EPISODE_EVENTS,
  ...RECEIVER_EVENTS,
  ...SERVICE_EVENTS,
  ...SHIPPER_EVENTS,
  ...WINDOW_EVENTS,
} as const;

/** The same by subject, in the order of docs/events.md. No name stands in two of them. */
export const EVENT_LISTS = [
  { title: "The shipper", events: SHIPPER_EVENTS },
  { title: "One episode, at the shipper", events: EPISODE_EVENTS },
  { title: "The receiver", events: RECEIVER_EVENTS },
  { title: "The receiver's window", events: WINDOW_EVENTS },
  { title: "Both daemons", events: SERVICE_EVENTS },
] as const;

export type EventName = keyof typeof EVENTS;

/** The fields that an event must carry. */
export type EventFields<N extends EventName> = Parameters<(typeof EVENTS)[N]["words"]>[0];
