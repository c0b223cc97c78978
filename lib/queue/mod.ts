/**
 * The queue on a lab host's disk. The disk is its only state: what is found of an episode decides, by the rules, what is
 * done next, and each step is durable before the next relies on it. Packing and sending are the caller's.
 */
export * from "./by_hand.ts";
export * from "./discard.ts";
export * from "./drain.ts";
export * from "./error.ts";
export * from "./found.ts";
export * from "./give_up.ts";
export * from "./layout.ts";
export * from "./look.ts";
export * from "./moves.ts";
export * from "./operator.ts";
export * from "./quarantined.ts";
export * from "./queue.ts";
export {
  type EpisodeRecord,
  findRecord,
  formatRecord,
  formatTime,
  type LastTry,
  newRecord,
  type PackedNote,
  parseRecord,
  writeRecord,
} from "./record.ts";
export * from "./renounce.ts";
export * from "./retention.ts";
export * from "./retry.ts";
export * from "./returns.ts";
export * from "./rules.ts";
export {
  formatReason,
  formatShippedNote,
  type QuarantineReason,
  type ShippedNote,
} from "./shelf.ts";
export * from "./steps.ts";
export * from "./sweep.ts";
export * from "./tries.ts";
