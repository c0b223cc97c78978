/** What the daemon says of itself: a sentence for `systemctl status`, and status.json in its runtime directory. */
import type { PassSummary } from "../lib/shipper/mod.ts";
import { writeFileDurably } from "../lib/sys/mod.ts";
import { formatCount, formatDuration } from "./format.ts";

/** Of this process. */
export interface Whoami {
  readonly version: string;
  readonly commit: string;
  readonly pid: number;
  readonly startedMs: number;
}

/** `3 episodes waiting, oldest 4 min; receiver reachable` */
export function statusWords(summary: PassSummary, reachable: boolean, nowMs: number): string {
  const { counts, stopped, oldestMs } = summary;
  const kinds = [
    ["waiting", counts.waiting],
    ["not ready", counts["not-ready"]],
    ["held", counts.held],
    ["stuck", counts.stuck],
  ] as const;
  const left = kinds.filter(([, count]) => count > 0);
  const words = left.map(([kind, count], i) =>
    i === 0 ? `${formatCount(count, "episode")} ${kind}` : `${count} ${kind}`
  );
  if (words.length === 0) words.push("nothing waits");
  else if (oldestMs !== undefined) {
    words.push(`oldest ${formatDuration(Math.max(0, nowMs - oldestMs))}`);
  }
  const receiver = stopped !== undefined
    ? `; nothing is sent: ${stopped.detail}`
    : reachable
    ? "; receiver reachable"
    : "";
  return words.join(", ") + receiver;
}

/** The content of status.json; `stuck` names what stands still. */
export function statusJson(
  me: Whoami,
  summary: PassSummary | undefined,
  facts: { readonly words: string; readonly nowMs: number; readonly stuck: readonly string[] },
): string {
  const { version, commit, pid, startedMs } = me;
  const stopped = summary?.stopped;
  const status = {
    version,
    commit,
    pid,
    started: new Date(startedMs).toISOString(),
    time: new Date(facts.nowMs).toISOString(),
    words: facts.words,
    episodes: summary?.counts ?? null,
    /** How often each code came up: why something waits. */
    codes: summary?.codes ?? null,
    oldest: summary?.oldestMs === undefined ? null : new Date(summary.oldestMs).toISOString(),
    nothing_sent: stopped === undefined ? null : {
      code: stopped.code,
      detail: stopped.detail,
      remediation: stopped.remediation ?? null,
    },
    stuck: facts.stuck,
  };
  return JSON.stringify(status, undefined, 2) + "\n";
}

/** Replaces status.json; never throws, and skips a text that comes while another one is being written. */
export function statusWriter(
  fs: Parameters<typeof writeFileDurably>[0],
  directory: string | undefined,
): (text: string) => Promise<void> {
  let writing = false;
  return async (text) => {
    if (directory === undefined || writing) return;
    writing = true;
    try {
      const bytes = new TextEncoder().encode(text);
      await writeFileDurably(fs, `${directory}/status.json`, bytes, { mode: 0o644 });
    } catch {
      // Whoever reads it sees by `time` that it is old; the episodes matter more.
    } finally {
      writing = false;
    }
  };
}
