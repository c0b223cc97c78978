/** What lies in the queue of a lab host: counted with as few looks as will do, and without a lock. */
import { type EpisodeId, findEpisodeId, type Stamp } from "../../episode/mod.ts";
import { findOutboxId, findRecord, type LastTry, type Layout } from "../../queue/mod.ts";
import { type FsError, isFsError, type PlainFs, type Stat } from "../../sys/mod.ts";
import type { Seen } from "../finding.ts";
import { mayWrite, type Who } from "./rights.ts";

export interface QueueFacts {
  readonly episodes: number;
  /** Of the one that waits longest; undefined when none waits. */
  readonly oldest: { readonly id: EpisodeId; readonly sinceMs: number } | undefined;
  /** Of the files at the top of the episodes that were looked into; what lies deeper is not counted. */
  readonly bytes: number;
  /** `bytes`, `held` and `stuck` are of a part of the queue only. */
  readonly isCut: boolean;
  readonly held: readonly { readonly id: EpisodeId; readonly stamp: Stamp | undefined }[];
  readonly stuck: readonly { readonly id: EpisodeId; readonly last: LastTry }[];
  /** Directories that the shipper may not move. */
  readonly immovable: readonly EpisodeId[];
  /** Names in episodes/ that can be no episode. */
  readonly strangers: readonly { readonly name: string; readonly type: Stat["type"] }[];
  /** Episodes that are gone, with files left in outbox/. */
  readonly orphans: readonly EpisodeId[];
}

/** More records and episodes than this are not opened: all that wait behind them wait for the same reason. */
const MOST_OPENED = 500;

/** A move to a shelf takes the episode first, and its files in outbox/ a moment later. */
const MOVE_TAKES_MS = 60_000;

export interface QueueParts {
  readonly fs: Pick<PlainFs, "list" | "lstat" | "findStat" | "openRead">;
  readonly layout: Layout;
  /** The shipper's user; undefined: nobody knows. */
  readonly who: Who | undefined;
  readonly nowMs: number;
}

/** Unseen: FsError, `gone` when nothing was ever recorded here. */
export function lookAtQueue(parts: QueueParts): Seen<QueueFacts, FsError> {
  try {
    return { kind: "seen", value: count(parts) };
  } catch (error) {
    if (isFsError(error)) return { kind: "unseen", why: error };
    throw error;
  }
}

function count({ fs, layout, who, nowMs }: QueueParts): QueueFacts {
  const waiting: { readonly id: EpisodeId; readonly sinceMs: number }[] = [];
  const immovable: EpisodeId[] = [];
  const strangers: { readonly name: string; readonly type: Stat["type"] }[] = [];
  for (const { name } of fs.list(layout.episodes)) {
    // Names that begin with a dot are somebody's work in progress.
    if (name === undefined || name.startsWith(".")) continue;
    const stat = fs.findStat(`${layout.episodes}/${name}`);
    if (stat === undefined) continue;
    const id = findEpisodeId(name);
    if (id === undefined || stat.type !== "directory") {
      strangers.push({ name, type: stat.type });
      continue;
    }
    waiting.push({ id, sinceMs: Number(stat.mtimeNs / 1_000_000n) });
    // Moving a directory elsewhere changes its `..`, which is a write into it (rename(2), EACCES).
    if (who !== undefined && !mayWrite(who, stat)) immovable.push(id);
  }
  waiting.sort((a, b) => a.sinceMs - b.sinceMs);
  const outbox = listOutbox(fs, layout);
  const there = new Set(waiting.map(({ id }) => id));
  const opened = waiting.slice(0, MOST_OPENED).map(({ id }) => id);
  const recorded = opened.filter((id) => outbox.has(id));
  const records = recorded.flatMap((id) => {
    const record = findRecord(fs, layout, id);
    return record === undefined ? [] : [{ id, stamp: record.stamp, last: record.last }];
  });
  return {
    episodes: waiting.length,
    oldest: waiting[0],
    bytes: opened.reduce((sum, id) => sum + sizeOf(fs, layout.episode(id)), 0),
    isCut: waiting.length > opened.length,
    held: records.filter(({ last }) => last?.outcome === "held").map(({ id, stamp }) => ({
      id,
      stamp,
    })),
    stuck: records.flatMap(({ id, last }) => last?.outcome === "stuck" ? [{ id, last }] : []),
    immovable,
    strangers: strangers.sort((a, b) => a.name < b.name ? -1 : 1),
    orphans: [...outbox].filter((id) =>
      !there.has(id) && fs.findStat(layout.episode(id)) === undefined &&
      !isMoving(fs, layout, id, nowMs)
    ),
  };
}

function listOutbox(fs: QueueParts["fs"], layout: Layout): Set<EpisodeId> {
  try {
    return new Set(
      fs.list(layout.outbox).flatMap(({ name }) => {
        const id = name === undefined ? undefined : findOutboxId(name);
        return id ?? [];
      }),
    );
  } catch (error) {
    if (isFsError(error, "gone")) return new Set();
    throw error;
  }
}

/** Whether the episode came to a shelf a moment ago. */
function isMoving(fs: QueueParts["fs"], layout: Layout, id: EpisodeId, nowMs: number): boolean {
  return (["shipped", "quarantine"] as const).some((shelf) => {
    const stat = fs.findStat(layout.place(shelf, id).directory);
    return stat !== undefined && nowMs - Number(stat.ctimeNs / 1_000_000n) < MOVE_TAKES_MS;
  });
}

/** An episode whose files this user may not see counts nothing. */
function sizeOf(fs: QueueParts["fs"], directory: string): number {
  try {
    return fs.list(directory).reduce((sum, { name }) => {
      const stat = name === undefined ? undefined : fs.findStat(`${directory}/${name}`);
      return sum + (stat?.type === "file" ? stat.sizeBytes : 0);
    }, 0);
  } catch (error) {
    if (isFsError(error)) return 0;
    throw error;
  }
}
