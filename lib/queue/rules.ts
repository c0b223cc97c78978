/**
 * What is done with an episode, by what is found of it. The first row whose `when` holds decides. Printed into
 * docs/queue.md by tools/docs/queue.ts.
 */
import type { EventName } from "../events/mod.ts";
import type { Fact, Found } from "./found.ts";

/** What a rule has done. The first seven end here in the queue, the others ask its caller. */
export type Step =
  | "forget"
  | "sweep"
  | "finish-retire"
  | "finish-quarantine"
  | "drop-partial"
  | "drop-archive"
  | "reset"
  | "wait"
  | "leave"
  | "quarantine-unfit"
  | "ship"
  | "pack";

export interface Rule {
  readonly name: string;
  readonly when: Partial<Found>;
  readonly step: Step;
  /** What is found when the step has been done; for `ship`, with a receiver that stores. */
  readonly leaves: Partial<Found>;
  /** What is logged. */
  readonly event?: EventName;
  readonly why: string;
}

const EMPTY_OUTBOX = { partial: "none", archive: "none", record: "none" } as const;

export const RULES = [
  {
    name: "nothing",
    when: { episode: "gone", ...EMPTY_OUTBOX },
    step: "forget",
    leaves: { episode: "gone", ...EMPTY_OUTBOX },
    why: "It vanished between two looks.",
  },
  {
    name: "orphan",
    when: { episode: "gone" },
    step: "sweep",
    leaves: { episode: "gone", ...EMPTY_OUTBOX },
    event: "outbox-swept",
    why:
      "Archive, partial or record without its episode: the episode was moved, and what is left of it was to go last.",
  },
  {
    name: "half retired",
    when: { unfinished: "retire" },
    step: "finish-retire",
    leaves: { episode: "gone", ...EMPTY_OUTBOX },
    event: "move-finished",
    why: "The receiver has it, and its receipt is here: the move is finished without a request.",
  },
  {
    name: "half quarantined",
    when: { unfinished: "quarantine" },
    step: "finish-quarantine",
    leaves: { episode: "gone", ...EMPTY_OUTBOX },
    event: "move-finished",
    why: "The reason is here: the move is finished without a request.",
  },
  {
    name: "torn partial",
    when: { partial: "there" },
    step: "drop-partial",
    leaves: { partial: "none" },
    event: "archive-dropped",
    why: "Packing was interrupted; nothing tells how far its bytes are on the disk.",
  },
  {
    name: "not due",
    when: { episode: "unseen" },
    step: "wait",
    leaves: { episode: "unseen" },
    why: "Its next try is in the record.",
  },
  {
    name: "archive without record",
    when: { archive: "there", record: "none" },
    step: "drop-archive",
    leaves: { archive: "none" },
    event: "archive-dropped",
    why: "Nothing says what is in it.",
  },
  {
    name: "archive of another",
    when: { archive: "there", record: "other" },
    step: "drop-archive",
    leaves: { archive: "none" },
    event: "archive-dropped",
    why: "The episode is not the one that was packed.",
  },
  {
    name: "archive not recorded",
    when: { archive: "there", record: "noted" },
    step: "drop-archive",
    leaves: { archive: "none" },
    event: "archive-dropped",
    why: "The record describes no archive, or one of another size.",
  },
  {
    name: "not an episode yet",
    when: { episode: "no-meta" },
    step: "leave",
    leaves: { episode: "no-meta" },
    why: "Without meta.json it is not finished.",
  },
  {
    name: "not ready",
    when: { episode: "settling" },
    step: "leave",
    leaves: { episode: "settling" },
    why: "Something changed within settle_s.",
  },
  {
    name: "changed since the record",
    when: { record: "other" },
    step: "reset",
    leaves: { record: "none" },
    why: "Tries and outcome were another episode's.",
  },
  {
    name: "unfit",
    when: { episode: "unfit" },
    step: "quarantine-unfit",
    leaves: { episode: "gone", ...EMPTY_OUTBOX },
    why: "An archive would not be the episode; the reason names what is in the way.",
  },
  {
    name: "packed",
    when: { archive: "there" },
    step: "ship",
    leaves: { episode: "gone", ...EMPTY_OUTBOX },
    why: "Archive, record and episode belong together: it is sent without packing again.",
  },
  {
    name: "ready",
    when: { episode: "ready" },
    step: "pack",
    leaves: { episode: "ready", partial: "none", archive: "there", record: "packed" },
    why: "Nothing else is in the way.",
  },
] as const satisfies readonly Rule[];

export type RuleName = (typeof RULES)[number]["name"];

/** Whether every fact that `when` names has its value. */
export function holds(when: Partial<Found>, found: Found): boolean {
  return Object.entries(when).every(([fact, value]) => found[fact as Fact] === value);
}

/** The row that decides. Every combination has one: tests/queue/rules_test.ts walks them all. */
export function ruleFor(found: Found): Rule & { readonly name: RuleName } {
  const rule = RULES.find(({ when }) => holds(when, found));
  if (rule === undefined) throw new RangeError(`no rule for ${JSON.stringify(found)}`);
  return rule;
}
