/** Looks at one episode: from the disk to the facts that the rules decide by. */
import { type EpisodeId, META_NAME, readTree, type Signature, type Tree } from "../episode/mod.ts";
import { isFsError } from "../sys/mod.ts";
import type { Found } from "./found.ts";
import type { Queue } from "./queue.ts";
import { type EpisodeRecord, findRecord } from "./record.ts";
import type { Shelf } from "./layout.ts";
import { findTarget } from "./shelf.ts";

/** What was seen of an episode, and the facts it comes to. */
export interface Look {
  readonly id: EpisodeId;
  readonly found: Found;
  /** Undefined unless the files were looked at, all of them. */
  readonly tree: Tree | undefined;
  readonly record: EpisodeRecord | undefined;
  /** The name on the shelf where a move was begun. */
  readonly unfinished: { readonly shelf: Shelf; readonly name: string } | undefined;
}

/**
 * Looks. `isDue` says whether the next try of a record has come; until then the episode's files are not looked at, so that
 * thousands that wait cost little. Throws FsError: `denied` when the files can't be looked at, `link` or `not-a-directory`.
 */
export function lookAt(
  queue: Queue,
  id: EpisodeId,
  isDue: (record: EpisodeRecord) => boolean,
): Look {
  const { fs, layout } = queue;
  const outbox = {
    partial: fs.findStat(layout.partial(id)) === undefined ? "none" : "there",
    archive: fs.findStat(layout.archive(id)) === undefined ? "none" : "there",
  } as const;
  const record = findRecord(fs, layout, id);
  const nothing = { unfinished: "nothing", ...outbox } as const;
  const seen = { id, record, tree: undefined, unfinished: undefined } as const;

  if (fs.findStat(layout.episode(id)) === undefined) {
    // Without its episode a file of that name is a leftover, whatever it says.
    const files = [layout.record(id), layout.recordNew(id)];
    const isThere = files.some((path) => fs.findStat(path) !== undefined);
    return { ...seen, found: { episode: "gone", record: isThere ? "noted" : "none", ...nothing } };
  }
  if (record !== undefined && !isDue(record)) {
    return { ...seen, found: { episode: "unseen", record: recordAlone(record), ...nothing } };
  }
  const tree = findTree(queue, id);
  if (tree === undefined) {
    // Something vanished while it was looked at: somebody works on it.
    return { ...seen, found: { episode: "settling", record: recordAlone(record), ...nothing } };
  }
  const unfinished = findUnfinished(queue, id, tree.signature);
  const relation = recordOf(queue, record, tree.signature);
  const found: Found = {
    episode: episodeOf(queue, id, tree, relation),
    unfinished: unfinished === undefined
      ? "nothing"
      : unfinished.shelf === "shipped"
      ? "retire"
      : "quarantine",
    ...outbox,
    record: relation,
  };
  return { id, found, tree, record, unfinished };
}

/** The record's fact where there is no signature to compare it with. */
function recordAlone(record: EpisodeRecord | undefined): Found["record"] {
  if (record === undefined) return "none";
  return record.packed === undefined ? "noted" : "packed";
}

function recordOf(
  queue: Queue,
  record: EpisodeRecord | undefined,
  signature: Signature,
): Found["record"] {
  if (record === undefined) return "none";
  if (record.signature !== signature) return "other";
  if (record.packed === undefined) return "noted";
  const archive = queue.fs.findStat(queue.layout.archive(record.id));
  // An archive cut short by a crash of the disk is not the one that was recorded.
  const fits = archive === undefined || archive.sizeBytes === record.packed.archiveBytes;
  return fits ? "packed" : "noted";
}

function findTree(queue: Queue, id: EpisodeId): Tree | undefined {
  try {
    return readTree(queue.fs, queue.layout.episode(id));
  } catch (error) {
    if (isFsError(error, "gone")) return undefined;
    throw error;
  }
}

function episodeOf(
  queue: Queue,
  id: EpisodeId,
  tree: Tree,
  record: Found["record"],
): Found["episode"] {
  if (!hasMeta(tree)) return "no-meta";
  // A record of this signature was made when the episode had settled, and it has not changed since.
  const settled = record === "noted" || record === "packed" || queue.settling.isReady(id, tree);
  if (!settled) return "settling";
  return unfitOf(tree).length > 0 ? "unfit" : "ready";
}

function hasMeta(tree: Tree): boolean {
  return tree.entries[0]?.path === META_NAME || tree.unfit.some(({ path }) => path === META_NAME);
}

/** What of the tree can't be kept exactly, in words: `a/socket is a socket`. */
export function unfitOf(tree: Tree): string[] {
  const words = tree.unfit.map(({ path, why }) => `${path} ${why}`);
  const first = tree.entries[0];
  return first?.path === META_NAME && first.type !== "file"
    ? [`${META_NAME} is a ${first.type}, not a file`, ...words]
    : words;
}

function findUnfinished(queue: Queue, id: EpisodeId, signature: Signature): Look["unfinished"] {
  for (const shelf of ["shipped", "quarantine"] as const) {
    const { name, noted } = findTarget(queue.fs, queue.layout, shelf, id, signature);
    if (noted) return { shelf, name };
  }
  return undefined;
}
