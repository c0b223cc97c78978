/** What a check finds, and what a check is. */

/** `unseen`: it could not be looked at, so nothing is known. */
export type Severity = "green" | "yellow" | "red" | "unseen";

export interface Finding {
  /** Stable: programs and documentation refer to it. */
  readonly code: string;
  readonly severity: Severity;
  /** One line: what is the matter, or what was found good. */
  readonly cause: string;
  /** The command that mends it, or shows more. Undefined when nothing is wrong. */
  readonly fix?: string | undefined;
  /** What the finding rests on, by name. */
  readonly evidence: Readonly<Record<string, string | number | readonly string[]>>;
}

/** One check. It judges facts and looks at nothing itself. */
export interface Check<Facts> {
  readonly code: string;
  /** What stands in front of its row. */
  readonly title: string;
  /** Codes of checks; when one of them is red or unseen, this one would only repeat it, and is left out. */
  readonly dependsOn: readonly string[];
  readonly run: (facts: Facts) => Omit<Finding, "code">;
}

/** A finding with the title of its check. */
export type Row = Finding & { readonly title: string };

/** Runs all checks in order, the folded ones left out. */
export function runChecks<Facts>(checks: readonly Check<Facts>[], facts: Facts): Row[] {
  const rows: Row[] = [];
  const blocked = new Set<string>();
  for (const { code, title, dependsOn, run } of checks) {
    if (dependsOn.some((each) => blocked.has(each))) {
      blocked.add(code);
      continue;
    }
    const row = { code, title, ...run(facts) };
    if (row.severity === "red" || row.severity === "unseen") blocked.add(code);
    rows.push(row);
  }
  return rows;
}

/** The exit code: 0, 1 (yellow), 2 (red), 3 (something could not be looked at, and nothing is red). */
export function exitCodeOf(rows: readonly Pick<Row, "severity">[]): 0 | 1 | 2 | 3 {
  const has = (severity: Severity) => rows.some((row) => row.severity === severity);
  if (has("red")) return 2;
  if (has("unseen")) return 3;
  return has("yellow") ? 1 : 0;
}
