/** What `cis490 doctor --json` prints: its schema, which docs/doctor.schema.json is made from, and how rows become it. */
import * as v from "valibot";
import { ROLES, type Row, SEVERITIES } from "./finding.ts";
import { exitCodeOf } from "./run.ts";

const row = v.strictObject({
  role: v.pipe(v.picklist(ROLES), v.description("Whose check it is: a machine may be both")),
  code: v.pipe(
    v.string(),
    v.description("The problem's name; docs/doctor.md has a section for each"),
  ),
  title: v.pipe(v.string(), v.description("The name of the thing that was looked at")),
  severity: v.pipe(
    v.picklist(SEVERITIES),
    v.description("unseen: it could not be looked at, and nothing is known of it"),
  ),
  cause: v.pipe(v.string(), v.description("One line: what is wrong, or what was found good")),
  fix: v.pipe(
    v.nullable(v.string()),
    v.description("The command that mends it, for a shell; null when nothing is wrong"),
  ),
  evidence: v.pipe(
    v.record(v.string(), v.union([v.string(), v.number(), v.boolean(), v.array(v.string())])),
    v.description("What the finding rests on, by name. Names may be added"),
  ),
  hides: v.pipe(
    v.array(v.string()),
    v.description("Codes of checks that have no row because this one is their cause"),
  ),
});

export const reportSchema = v.strictObject({
  format: v.literal(1),
  time: v.pipe(
    v.string(),
    v.isoTimestamp(),
    v.description("When it was looked, by this host's clock"),
  ),
  version: v.pipe(v.string(), v.description("Of the doctor")),
  exit_code: v.pipe(
    v.picklist([0, 1, 2, 3]),
    v.description(
      "0 all green, 1 something yellow, 2 something red, 3 something unseen and nothing red",
    ),
  ),
  rows: v.pipe(v.array(row), v.description("What is worst and nearest to its cause first")),
});

export type Report = v.InferOutput<typeof reportSchema>;

export function reportOf(
  rows: readonly Row[],
  { nowMs, version }: { readonly nowMs: number; readonly version: string },
): Report {
  return {
    format: 1,
    time: new Date(nowMs).toISOString(),
    version,
    exit_code: exitCodeOf(rows),
    rows: rows.map(({ role, code, title, severity, cause, fix, evidence, hides }) => ({
      role,
      code,
      title,
      severity,
      cause,
      fix: fix ?? null,
      evidence: Object.fromEntries(
        Object.entries(evidence).map(([name, value]) =>
          [name, typeof value === "object" ? [...value] : value] as const
        ),
      ),
      hides: [...hides],
    })),
  };
}
