/** Takes out of the queue what no receiver could ever accept: episodes that name no commit of the lab code. */
import {
  type EpisodeId,
  META_LIMIT_BYTES,
  META_NAME,
  parseMeta,
  type Tree,
} from "../episode/mod.ts";
import { findFile, type Fs, OddFileError, type Stat } from "../sys/mod.ts";
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
  // What the glance at an episode told, until it is judged.
  const glances = new Map<EpisodeId, Glance>();
  return {
    isSpared(id) {
      const glance = glanceAt(disk, id);
      if (glance.verdict !== undefined) glances.set(id, glance);
      return glance.verdict === undefined;
    },
    judge(id, tree) {
      const glance = glances.get(id);
      glances.delete(id);
      const { verdict } = glance !== undefined && isStillTrue(glance, tree)
        ? glance
        : glanceAt(disk, id);
      if (verdict === undefined) return { stays: "it is stamped" };
      const ageMs = verdict.code === MISSING_META ? missingMetaAgeMs : settleMs;
      if (!isUnchangedFor(disk, tree, ageMs)) return { stays: "it changed lately" };
      return verdict;
    },
  };
}

/** What `meta.json` comes to, and what it was before it was read. */
interface Glance {
  /** Undefined for an episode with a valid stamp. */
  readonly verdict: Verdict | undefined;
  readonly stat: Stat | undefined;
}

function isStillTrue({ stat }: Glance, tree: Tree): boolean {
  const entry = tree.entries.find(({ path }) => path === META_NAME);
  return stat !== undefined && entry !== undefined && stat.inode === entry.stat.inode &&
    stat.ctimeNs === entry.stat.ctimeNs && stat.sizeBytes === entry.stat.sizeBytes;
}

/** Throws FsError. */
function glanceAt({ fs, layout }: OperatorDisk, id: EpisodeId): Glance {
  const path = `${layout.episode(id)}/${META_NAME}`;
  const stat = fs.findStat(path);
  return { verdict: findVerdict(fs, path, stat), stat };
}

const unstamped = (code: string, why: string): Verdict => ({
  code,
  why,
  remediation: PROBLEMS.unstamped.remediation,
});

/** Throws FsError. */
function findVerdict(fs: Fs, path: string, stat: Stat | undefined): Verdict | undefined {
  const missing = unstamped(MISSING_META, `there is no ${META_NAME}`);
  if (stat === undefined) return missing;
  if (stat.type !== "file") {
    return unstamped("bad-meta", `${META_NAME} is a ${stat.type}, not a file`);
  }
  if (stat.sizeBytes > META_LIMIT_BYTES) {
    return unstamped("bad-meta", `${META_NAME} is larger than ${META_LIMIT_BYTES} bytes`);
  }
  let bytes;
  try {
    bytes = findFile(fs, path, META_LIMIT_BYTES);
  } catch (error) {
    // It became so since that look at it.
    if (error instanceof OddFileError) return unstamped("bad-meta", error.message);
    throw error;
  }
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
