/** Takes out of the queue what no receiver could ever accept: episodes that name no commit of the lab code. */
import {
  type EpisodeId,
  META_LIMIT_BYTES,
  META_NAME,
  parseMeta,
  readTree,
  type Tree,
} from "../episode/mod.ts";
import { ensureDirDurably, findFile, type FsError, isFsError } from "../sys/mod.ts";
import { PROBLEMS } from "../wire/mod.ts";
import { quarantine } from "./moves.ts";
import { findStat, type Queue } from "./queue.ts";
import { findTarget } from "./shelf.ts";

export interface DrainOptions {
  /** Decides everything, moves nothing, and takes no lock, since a lock is a file too. */
  readonly dryRun: boolean;
  /** An episode without `meta.json` is given up when nothing in it changed for so long: a recording looks the same. */
  readonly missingMetaAgeMs: number;
  /** An episode in which something changed more lately is left alone. */
  readonly settleMs: number;
}

/** What became of one episode. */
export type Drained =
  /** Stamped, or perhaps still being recorded. */
  | { readonly kind: "kept"; readonly id: EpisodeId }
  | {
    readonly kind: "quarantined";
    readonly id: EpisodeId;
    /** The name in `quarantine/`: the id, or a numbered sibling when another episode has that name. */
    readonly name: string;
    readonly missingMeta: boolean;
    readonly why: string;
  }
  /** It vanished while it was looked at: the shipper was quicker. */
  | { readonly kind: "gone"; readonly id: EpisodeId }
  /** Another process has its hand on it. */
  | { readonly kind: "busy"; readonly id: EpisodeId }
  /** It could not be looked at or moved; it lies where it lay. */
  | { readonly kind: "failed"; readonly id: EpisodeId; readonly error: FsError };

/** Why an episode can never be accepted. */
interface Verdict {
  readonly code: "unstamped" | "bad-meta" | "missing-meta";
  readonly why: string;
}

type Disk = Pick<Queue, "fs" | "layout" | "locks" | "clock">;

/**
 * Goes through these episodes once. Works beside a shipper: each episode is locked while it is judged and moved.
 * Throws nothing but for a bug.
 */
export async function* drainUnstamped(
  disk: Disk,
  ids: readonly EpisodeId[],
  options: DrainOptions,
): AsyncGenerator<Drained, void, void> {
  let prepared = options.dryRun;
  for (const id of ids) {
    try {
      // Most are stamped: these cost one read, and no lock.
      if (findVerdict(disk, id) === undefined) {
        yield { kind: "kept", id };
        continue;
      }
      if (!prepared) await prepare(disk);
      prepared = true;
      yield await drainOne(disk, id, options);
    } catch (error) {
      if (!isFsError(error)) throw error;
      yield { kind: "failed", id, error };
    }
  }
}

/** What the first shipper would make: the operator may come before it. */
async function prepare({ fs, layout }: Disk): Promise<void> {
  for (const directory of [layout.outbox, layout.shelf("quarantine"), layout.locks]) {
    await ensureDirDurably(fs, directory, { mode: 0o750 });
  }
}

async function drainOne(disk: Disk, id: EpisodeId, options: DrainOptions): Promise<Drained> {
  if (options.dryRun) return await judgeAndMove(disk, id, options);
  const lock = disk.locks.tryLock(disk.layout.lock(id), { remove: true });
  if (lock === undefined) return { kind: "busy", id };
  try {
    return await judgeAndMove(disk, id, options);
  } finally {
    lock.release();
  }
}

async function judgeAndMove(disk: Disk, id: EpisodeId, options: DrainOptions): Promise<Drained> {
  // Before meta.json is read: a change after this look is found when the signature is compared.
  const tree = findTree(disk, id);
  if (tree === undefined) return { kind: "gone", id };
  const verdict = findVerdict(disk, id);
  if (verdict === undefined || !isOldEnough(disk, tree, verdict, options)) {
    return { kind: "kept", id };
  }
  const { name } = findTarget(disk.fs, disk.layout, "quarantine", id, tree.signature);
  if (!options.dryRun) {
    const moved = await quarantine(disk, {
      id,
      signature: tree.signature,
      code: verdict.code,
      detail: verdict.why,
      status: undefined,
      problem: undefined,
      remediation: PROBLEMS.unstamped.remediation,
      stamp: undefined,
      tries: 0,
      firstTryMs: undefined,
      lastTryMs: undefined,
      atMs: disk.clock.now(),
      // No receiver is asked here.
      isClockChecked: false,
    });
    // Somebody wrote to it just now, so it is not finished.
    if (moved === "changed") return { kind: "kept", id };
  }
  const missingMeta = verdict.code === "missing-meta";
  return { kind: "quarantined", id, name, missingMeta, why: verdict.why };
}

/** Undefined when the episode, or something in it, vanished. */
function findTree({ fs, layout }: Disk, id: EpisodeId): Tree | undefined {
  try {
    return readTree(fs, layout.episode(id));
  } catch (error) {
    if (isFsError(error, "gone")) return undefined;
    throw error;
  }
}

function isOldEnough(
  { clock }: Disk,
  tree: Tree,
  verdict: Verdict,
  options: DrainOptions,
): boolean {
  const ageMs = clock.now() - Number(tree.newestCtimeNs / 1_000_000n);
  const neededMs = verdict.code === "missing-meta" ? options.missingMetaAgeMs : options.settleMs;
  return ageMs >= neededMs;
}

/** Undefined for an episode with a valid stamp. Throws FsError. */
function findVerdict({ fs, layout }: Disk, id: EpisodeId): Verdict | undefined {
  const path = `${layout.episode(id)}/${META_NAME}`;
  const stat = findStat(fs, path);
  if (stat === undefined) return { code: "missing-meta", why: `there is no ${META_NAME}` };
  if (stat.type !== "file") {
    return { code: "bad-meta", why: `${META_NAME} is a ${stat.type}, not a file` };
  }
  if (stat.sizeBytes > META_LIMIT_BYTES) {
    return { code: "bad-meta", why: `${META_NAME} is larger than ${META_LIMIT_BYTES} bytes` };
  }
  const bytes = findFile(fs, path, META_LIMIT_BYTES);
  if (bytes === undefined) return { code: "missing-meta", why: `there is no ${META_NAME}` };
  const meta = parseMeta(bytes);
  switch (meta.kind) {
    case "stamped":
      return undefined;
    case "unstamped":
      return { code: "unstamped", why: meta.why };
    case "unreadable":
      return { code: "bad-meta", why: meta.why };
  }
}
