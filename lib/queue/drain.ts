/** Takes out of the queue what no receiver could ever accept: episodes that name no commit of the lab code. */
import { type EpisodeId, META_LIMIT_BYTES, META_NAME, parseMeta } from "../episode/mod.ts";
import { findFile } from "../sys/mod.ts";
import { PROBLEMS } from "../wire/mod.ts";
import {
  type GivenUp,
  giveUp,
  type GiveUpOptions,
  isUnchangedFor,
  type Judge,
  type Verdict,
} from "./give_up.ts";
import type { OperatorDisk } from "./operator.ts";
import { findStat } from "./queue.ts";

export interface DrainOptions extends GiveUpOptions {
  /** An episode without `meta.json` is given up when nothing in it changed for so long: a recording looks the same. */
  readonly missingMetaAgeMs: number;
  /** An episode in which something changed more lately is left alone. */
  readonly settleMs: number;
}

/** The code of an episode without `meta.json`. */
export const MISSING_META = "missing-meta";

/** Gives up each of these episodes that has no stamp. Throws as `giveUp` does. */
export function drainUnstamped(
  disk: OperatorDisk,
  ids: readonly EpisodeId[],
  options: DrainOptions,
): AsyncGenerator<GivenUp, void, void> {
  return giveUp(disk, ids, judgeOf(disk, options), options);
}

function judgeOf(disk: OperatorDisk, { missingMetaAgeMs, settleMs }: DrainOptions): Judge {
  return {
    isSpared: (id) => findVerdict(disk, id) === undefined,
    judge(id, tree) {
      const verdict = findVerdict(disk, id);
      if (verdict === undefined) return { stays: "it is stamped" };
      const ageMs = verdict.code === MISSING_META ? missingMetaAgeMs : settleMs;
      if (!isUnchangedFor(disk, tree, ageMs)) return { stays: "it changed lately" };
      return verdict;
    },
  };
}

const unstamped = (code: string, why: string): Verdict => ({
  code,
  why,
  remediation: PROBLEMS.unstamped.remediation,
});

/** Undefined for an episode with a valid stamp. Throws FsError. */
function findVerdict({ fs, layout }: OperatorDisk, id: EpisodeId): Verdict | undefined {
  const missing = unstamped(MISSING_META, `there is no ${META_NAME}`);
  const path = `${layout.episode(id)}/${META_NAME}`;
  const stat = findStat(fs, path);
  if (stat === undefined) return missing;
  if (stat.type !== "file") {
    return unstamped("bad-meta", `${META_NAME} is a ${stat.type}, not a file`);
  }
  if (stat.sizeBytes > META_LIMIT_BYTES) {
    return unstamped("bad-meta", `${META_NAME} is larger than ${META_LIMIT_BYTES} bytes`);
  }
  const bytes = findFile(fs, path, META_LIMIT_BYTES);
  if (bytes === undefined) return missing;
  const meta = parseMeta(bytes);
  switch (meta.kind) {
    case "stamped":
      return undefined;
    case "unstamped":
      return unstamped("unstamped", meta.why);
    case "unreadable":
      return unstamped("bad-meta", meta.why);
  }
}
