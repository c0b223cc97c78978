/** Takes episodes out of the queue because an operator says so, while a shipper may be at work on it. */
import { type EpisodeId, findEpisodeId, readTree, type Tree } from "../episode/mod.ts";
import { type FsError, isFsError } from "../sys/mod.ts";
import { quarantine } from "./moves.ts";
import { type OperatorDisk, prepareDirectories } from "./operator.ts";
import { tryLockEpisode } from "./queue.ts";
import type { EpisodeRecord } from "./record.ts";
import { findTarget, type QuarantineReason } from "./shelf.ts";

/** Why an episode is given up. */
export interface Verdict {
  readonly code: string;
  /** One sentence for the operator. */
  readonly why: string;
  /** The command that mends the cause. */
  readonly remediation: string | undefined;
  /** What is known of its tries. */
  readonly record?: EpisodeRecord | undefined;
}

/** `stays`: why it is not given up. */
export type Judgement = Verdict | { readonly stays: string };

/** Who decides. Both throw FsError. */
export interface Judge {
  /** At a glance, without its lock: true when there is nothing to judge. */
  isSpared(id: EpisodeId): boolean;
  /** For good. `tree` was read before anything else that is looked at. */
  judge(id: EpisodeId, tree: Tree): Judgement;
}

/** What became of one episode. */
export type GivenUp =
  | { readonly kind: "kept"; readonly id: string; readonly why: string }
  | {
    readonly kind: "quarantined";
    readonly id: EpisodeId;
    /** The name in `quarantine/`: the id, or a numbered sibling when another episode has that name. */
    readonly name: string;
    readonly code: string;
    readonly why: string;
  }
  /** It is not in the queue; perhaps the shipper was quicker. */
  | { readonly kind: "gone"; readonly id: string }
  /** Another process has its hand on it. */
  | { readonly kind: "busy"; readonly id: string }
  /** It could not be looked at or moved; it lies where it lay. */
  | { readonly kind: "failed"; readonly id: string; readonly error: FsError };

export interface GiveUpOptions {
  /** Decides everything, moves nothing, and takes no lock, since a lock is a file too. */
  readonly dryRun: boolean;
}

/**
 * Goes through these names once. An episode is locked from its judgement to its move. Throws FsError when the queue's
 * directories can't be made, before anything was moved.
 */
export async function* giveUp(
  disk: OperatorDisk,
  names: readonly string[],
  judge: Judge,
  options: GiveUpOptions,
): AsyncGenerator<GivenUp, void, void> {
  let isPrepared = options.dryRun;
  for (const name of names) {
    const id = findEpisodeId(name);
    if (id === undefined) {
      yield { kind: "gone", id: name };
      continue;
    }
    const spared = spare(judge, id);
    if (spared !== undefined) {
      yield spared;
      continue;
    }
    if (!isPrepared) await prepareDirectories(disk);
    isPrepared = true;
    yield await giveUpOne(disk, id, judge, options);
  }
}

/** Most are spared: these cost a look, and no lock. */
function spare(judge: Judge, id: EpisodeId): GivenUp | undefined {
  try {
    return judge.isSpared(id) ? { kind: "kept", id, why: "it is not concerned" } : undefined;
  } catch (error) {
    if (!isFsError(error)) throw error;
    return { kind: "failed", id, error };
  }
}

async function giveUpOne(
  disk: OperatorDisk,
  id: EpisodeId,
  judge: Judge,
  { dryRun }: GiveUpOptions,
): Promise<GivenUp> {
  try {
    const lock = dryRun ? undefined : tryLockEpisode(disk, id);
    if (lock === undefined && !dryRun) return { kind: "busy", id };
    try {
      const judged = judgeOne(disk, id, judge);
      if ("kind" in judged || dryRun) return "kind" in judged ? judged : judged.plan;
      const moved = await quarantine(disk, judged.reason);
      return moved === "moved" ? judged.plan : { kind: "kept", id, why: "it changed just now" };
    } finally {
      lock?.release();
    }
  } catch (error) {
    if (!isFsError(error)) throw error;
    return { kind: "failed", id, error };
  }
}

interface Judged {
  readonly reason: QuarantineReason;
  /** What it comes to, when nothing comes between. */
  readonly plan: GivenUp;
}

/** Throws FsError. */
function judgeOne(disk: OperatorDisk, id: EpisodeId, judge: Judge): Judged | GivenUp {
  const { fs, layout } = disk;
  let tree: Tree;
  try {
    // Before all else: a change after this look is found when the signature is compared.
    tree = readTree(fs, layout.episode(id));
  } catch (error) {
    if (isFsError(error, "gone")) return { kind: "gone", id };
    throw error;
  }
  const { signature } = tree;
  const verdict = judge.judge(id, tree);
  if ("stays" in verdict) return { kind: "kept", id, why: verdict.stays };
  if (findTarget(fs, layout, "shipped", id, signature).noted) {
    return { kind: "kept", id, why: "the receiver has it, and the next pass will retire it" };
  }
  const { name } = findTarget(fs, layout, "quarantine", id, signature);
  return {
    reason: reasonOf(disk, id, signature, verdict),
    plan: { kind: "quarantined", id, name, code: verdict.code, why: verdict.why },
  };
}

function reasonOf(
  { clock }: OperatorDisk,
  id: EpisodeId,
  signature: Tree["signature"],
  { code, why, remediation, record }: Verdict,
): QuarantineReason {
  return {
    id,
    signature,
    code,
    detail: why,
    remediation,
    status: record?.last?.status,
    problem: undefined,
    stamp: record?.stamp,
    tries: record?.tries ?? 0,
    firstTryMs: record?.firstTryMs,
    lastTryMs: record?.lastTryMs,
    atMs: clock.now(),
    // No receiver is asked here.
    isClockChecked: false,
  };
}

/** Whether nothing in the episode changed for `ageMs`, by the wall clock. */
export function isUnchangedFor(
  { clock }: Pick<OperatorDisk, "clock">,
  tree: Pick<Tree, "newestCtimeNs">,
  ageMs: number,
): boolean {
  return clock.now() - Number(tree.newestCtimeNs / 1_000_000n) >= ageMs;
}
