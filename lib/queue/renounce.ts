/** Takes out of the queue what an operator gives up by hand: by name, or all that is held for too long. */
import type { EpisodeId, Tree } from "../episode/mod.ts";
import {
  type GivenUp,
  giveUp,
  type GiveUpOptions,
  isUnchangedFor,
  type Judge,
  type Judgement,
} from "./give_up.ts";
import type { OperatorDisk } from "./operator.ts";
import { type EpisodeRecord, findRecord } from "./record.ts";

export interface RenounceOptions extends GiveUpOptions {
  /** An episode in which something changed more lately is left alone. */
  readonly settleMs: number;
}

/** The code of what was given up by hand. */
export const GIVEN_UP = "given-up";

/** Gives up the episodes of these names, whatever they wait for. Throws as `giveUp` does. */
export function renounce(
  disk: OperatorDisk,
  names: readonly string[],
  options: RenounceOptions,
): AsyncGenerator<GivenUp, void, void> {
  const judge: Judge = {
    isSpared: () => false,
    judge(id, tree) {
      return judgeByAge(disk, tree, options, findRecordOf(disk, id, tree));
    },
  };
  return giveUp(disk, names, judge, options);
}

/** Gives up those of these episodes that are held, and were so the first time `heldForMs` ago. Throws as `giveUp` does. */
export function renounceHeld(
  disk: OperatorDisk,
  ids: readonly EpisodeId[],
  options: RenounceOptions & { readonly heldForMs: number },
): AsyncGenerator<GivenUp, void, void> {
  const isConcerned = (record: EpisodeRecord | undefined): record is EpisodeRecord =>
    record?.last?.outcome === "held" && record.firstTryMs !== undefined &&
    disk.clock.now() - record.firstTryMs >= options.heldForMs;
  const judge: Judge = {
    isSpared: (id) => !isConcerned(findRecord(disk.fs, disk.layout, id)),
    judge(id, tree) {
      const record = findRecordOf(disk, id, tree);
      if (!isConcerned(record)) return { stays: "it is not held, or not for so long" };
      return judgeByAge(disk, tree, options, record);
    },
  };
  return giveUp(disk, ids, judge, options);
}

/** The record about the episode as it is now. Throws FsError. */
function findRecordOf(
  { fs, layout }: OperatorDisk,
  id: EpisodeId,
  { signature }: Tree,
): EpisodeRecord | undefined {
  const record = findRecord(fs, layout, id);
  return record?.signature === signature ? record : undefined;
}

function judgeByAge(
  disk: OperatorDisk,
  tree: Tree,
  { settleMs }: RenounceOptions,
  record: EpisodeRecord | undefined,
): Judgement {
  if (!isUnchangedFor(disk, tree, settleMs)) {
    return { stays: `something in it changed within ${settleMs / 1000} s` };
  }
  const why = record?.last === undefined
    ? "given up by hand before it was tried"
    : `given up by hand; its last try: ${record.last.detail}`;
  return { code: GIVEN_UP, why, remediation: undefined, record };
}
