/** What lies in `quarantine/`, and why. */
import * as v from "valibot";
import type { Fs } from "../sys/mod.ts";
import { findRemovedName, type Layout } from "./layout.ts";
import { findText } from "./record.ts";
import { isHalfReturned } from "./returns.ts";

/** One directory of `quarantine/`. */
export interface Quarantined {
  /** The episode's id, or a numbered sibling of it. */
  readonly name: string;
  /** `unreadable`: there is no reason that can be read. `half-returned`: it is history, and the episode has not moved yet. */
  readonly code: string;
  readonly detail: string;
  readonly remediation: string | undefined;
  /** Milliseconds since the epoch; undefined when the reason does not tell. */
  readonly atMs: number | undefined;
  /** False while the move is not finished, or after the episode went back to the queue. */
  readonly complete: boolean;
}

const schema = v.object({
  code: v.string(),
  detail: v.string(),
  remediation: v.nullable(v.string()),
  quarantined_at: v.pipe(v.string(), v.isoTimestamp()),
});

/** By name; what is no directory is somebody's own. Throws FsError: `gone` when there is no quarantine yet. */
export function listQuarantined(
  fs: Pick<Fs, "list" | "lstat" | "findStat" | "openRead">,
  layout: Layout,
): Quarantined[] {
  return fs.list(layout.shelf("quarantine"))
    .flatMap(({ name }) => name === undefined || findRemovedName(name) !== undefined ? [] : [name])
    .filter((name) => fs.findStat(layout.place("quarantine", name).directory)?.type === "directory")
    .sort()
    .map((name) => {
      const place = layout.place("quarantine", name);
      const complete = fs.findStat(place.episode) !== undefined;
      const text = findText(fs, place.note);
      const isHalf = text === undefined && isHalfReturned({ fs, layout }, "quarantine", name);
      return { name, complete, ...isHalf ? halfReturned(name) : parseReason(text) };
    });
}

function halfReturned(name: string): Omit<Quarantined, "name" | "complete"> {
  return {
    code: "half-returned",
    detail: "its return to the queue was begun and not finished",
    remediation: `cis490 quarantine retry ${name}`,
    atMs: undefined,
  };
}

function parseReason(text: string | undefined): Omit<Quarantined, "name" | "complete"> {
  const unreadable = {
    code: "unreadable",
    detail: "there is no reason that can be read",
    remediation: undefined,
    atMs: undefined,
  };
  if (text === undefined) return unreadable;
  try {
    const parsed = v.safeParse(schema, JSON.parse(text));
    if (!parsed.success) return unreadable;
    const { code, detail, remediation, quarantined_at: at } = parsed.output;
    return { code, detail, remediation: remediation ?? undefined, atMs: Date.parse(at) };
  } catch {
    // Not JSON.
    return unreadable;
  }
}
