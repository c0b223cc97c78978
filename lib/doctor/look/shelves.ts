/** What lies on the shelves: quarantined by reason, and when an episode was shipped last. */
import { type Layout, listQuarantined } from "../../queue/mod.ts";
import { type FsError, isFsError, type PlainFs } from "../../sys/mod.ts";
import type { Seen } from "../finding.ts";

/** What is quarantined for one reason. */
export interface QuarantinedFor {
  readonly code: string;
  readonly names: readonly string[];
  readonly detail: string;
  readonly remediation: string | undefined;
  /** The oldest of them, in milliseconds since the epoch; undefined when no reason tells. */
  readonly oldestMs: number | undefined;
}

/** The most frequent reason first. Unseen: FsError. */
export function lookAtQuarantine(
  fs: Pick<PlainFs, "list" | "lstat" | "findStat" | "openRead">,
  layout: Layout,
): Seen<QuarantinedFor[], FsError> {
  try {
    const complete = listQuarantined(fs, layout).filter(({ complete }) => complete);
    const byCode = Map.groupBy(complete, ({ code }) => code);
    const value = [...byCode].map(([code, all]) => {
      const times = all.flatMap(({ atMs }) => atMs ?? []);
      return {
        code,
        names: all.map(({ name }) => name),
        detail: all[0]?.detail ?? "",
        remediation: all.find(({ remediation }) => remediation !== undefined)?.remediation,
        oldestMs: times.length === 0 ? undefined : Math.min(...times),
      };
    });
    return { kind: "seen", value: value.sort((a, b) => b.names.length - a.names.length) };
  } catch (error) {
    if (isFsError(error, "gone")) return { kind: "seen", value: [] };
    if (isFsError(error)) return { kind: "unseen", why: error };
    throw error;
  }
}

/** The newest of these is found; a shelf with more is one that ships. */
const MOST_LOOKS = 1000;

/** When an episode came to `shipped/` last, in milliseconds since the epoch; undefined when none is there, or none is seen. */
export function findLastShipped(
  fs: Pick<PlainFs, "list" | "lstat">,
  layout: Layout,
): number | undefined {
  let newest: number | undefined;
  try {
    const names = fs.list(layout.shelf("shipped")).slice(0, MOST_LOOKS);
    for (const { name } of names) {
      if (name === undefined || name.startsWith(".")) continue;
      const { ctimeNs } = fs.lstat(layout.place("shipped", name).directory);
      newest = Math.max(newest ?? 0, Number(ctimeNs / 1_000_000n));
    }
  } catch (error) {
    if (!isFsError(error)) throw error;
  }
  return newest;
}
