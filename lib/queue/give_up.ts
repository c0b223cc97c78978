/** Takes episodes out of the queue because an operator says so, while a shipper may be at work on it. */
import { type EpisodeId, findEpisodeId, readTree, type Tree } from "../episode/mod.ts";
import { type DiskHandle, type FsError, isFsError, type Lock } from "../sys/mod.ts";
import { type Going, type GroupMoved, quarantineTogether } from "./group_move.ts";
import { type OperatorDisk, prepareDirectories } from "./operator.ts";
import { LockPool } from "./queue.ts";
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
  | { readonly kind: "failed"; readonly id: EpisodeId; readonly error: FsError };

export interface GiveUpOptions {
  /** Decides everything, moves nothing, and takes no lock, since a lock is a file too. */
  readonly dryRun: boolean;
}

/** Each is a lock, and so an open file, of which a process may have 1024; where it may have fewer, so are these. */
const GROUP = 500;

/**
 * Goes through these names once, in groups; an episode is locked from its judgement to its move. What is spared comes before
 * the group that it stood among. Throws FsError when the queue's directories can't be made, before anything was moved.
 */
export async function* giveUp(
  disk: OperatorDisk,
  names: readonly string[],
  judge: Judge,
  options: GiveUpOptions,
): AsyncGenerator<GivenUp, void, void> {
  let handle: DiskHandle | undefined;
  let group: EpisodeId[] = [];
  const pool = new LockPool(disk);
  try {
    for (const name of names) {
      const id = spare(judge, name);
      if (typeof id !== "string") yield id;
      else if (options.dryRun) yield plan(disk, id, judge);
      else {
        group.push(id);
        if (group.length < GROUP) continue;
        handle ??= await prepare(disk);
        yield* giveUpInGroups(disk, handle, group, judge, pool);
        group = [];
      }
    }
    if (group.length === 0) return;
    handle ??= await prepare(disk);
    yield* giveUpInGroups(disk, handle, group, judge, pool);
  } finally {
    pool.close();
    handle?.close();
  }
}

async function prepare(disk: OperatorDisk): Promise<DiskHandle> {
  await prepareDirectories(disk);
  return disk.fs.openDisk(disk.layout.episodes);
}

/** The id of one that is to be judged. Most are not: these cost a look, and no lock. */
function spare(judge: Judge, name: string): EpisodeId | GivenUp {
  const id = findEpisodeId(name);
  if (id === undefined) return { kind: "gone", id: name };
  try {
    return judge.isSpared(id) ? { kind: "kept", id, why: "it is not concerned" } : id;
  } catch (error) {
    if (!isFsError(error)) throw error;
    return { kind: "failed", id, error };
  }
}

/** What would become of it. */
function plan(disk: OperatorDisk, id: EpisodeId, judge: Judge): GivenUp {
  try {
    const judged = judgeOne(disk, id, judge);
    return "plan" in judged ? judged.plan : judged;
  } catch (error) {
    if (!isFsError(error)) throw error;
    return { kind: "failed", id, error };
  }
}

/** Together, or where the process may not have so many files open, half of what is left after half of it. */
async function* giveUpInGroups(
  disk: OperatorDisk,
  handle: DiskHandle,
  ids: readonly EpisodeId[],
  judge: Judge,
  pool: LockPool,
): AsyncGenerator<GivenUp, void, void> {
  const left: EpisodeId[] = [];
  for (const one of await giveUpTogether(disk, handle, ids, judge, pool)) {
    if (ids.length > 1 && one.kind === "failed" && one.error.errno === "EMFILE") left.push(one.id);
    else yield one;
  }
  if (left.length === 0) return;
  // What it keeps are open files too.
  pool.close();
  const half = Math.ceil(left.length / 2);
  for (const part of [left.slice(0, half), left.slice(half)]) {
    if (part.length > 0) yield* giveUpInGroups(disk, handle, part, judge, pool);
  }
}

async function giveUpTogether(
  disk: OperatorDisk,
  handle: DiskHandle,
  ids: readonly EpisodeId[],
  judge: Judge,
  pool: LockPool,
): Promise<GivenUp[]> {
  const taken = new Map<EpisodeId, Lock>();
  try {
    const judged = ids.map((id) => lockAndJudge(disk, id, judge, { pool, taken }));
    const going = judged.filter((one) => "plan" in one);
    const moved = await quarantineTogether(disk, handle, going);
    const ends = new Map(going.map((one, at) => [one, moved[at]]));
    const all = judged.map((one) => "plan" in one ? endOf(one, ends.get(one)) : one);
    // Nobody looks for what has gone, so its lock may be another one's; what stays is free at once.
    for (const one of all) {
      if (one.kind !== "quarantined") continue;
      const lock = taken.get(one.id);
      if (lock !== undefined) pool.giveBack(lock);
      taken.delete(one.id);
    }
    return all;
  } finally {
    for (const lock of taken.values()) lock.release();
  }
}

function lockAndJudge(
  disk: OperatorDisk,
  id: EpisodeId,
  judge: Judge,
  locks: { readonly pool: LockPool; readonly taken: Map<EpisodeId, Lock> },
): Judged | GivenUp {
  try {
    const lock = locks.pool.tryLock(id);
    if (lock === undefined) return { kind: "busy", id };
    locks.taken.set(id, lock);
    return judgeOne(disk, id, judge);
  } catch (error) {
    if (!isFsError(error)) throw error;
    return { kind: "failed", id, error };
  }
}

function endOf({ plan, reason: { id } }: Judged, moved: GroupMoved | undefined): GivenUp {
  if (moved === "moved") return plan;
  if (isFsError(moved)) return { kind: "failed", id, error: moved };
  return { kind: "kept", id, why: "it changed just now" };
}

interface Judged extends Going {
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
    if (isFsError(error, "not-a-directory", "link")) {
      return { kind: "kept", id, why: "it is not a directory, and so no episode" };
    }
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
    tree,
    name,
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
