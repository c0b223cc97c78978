/** From facts to rows: what is judged, what is left out, and which row comes first. */
import type { ConfigError } from "../config/mod.ts";
import type { LabHostFacts, ReceiverFacts } from "./facts.ts";
import { CHECKS, type RoleCheck } from "./checks.ts";
import { judgeBadConfiguration } from "./checks/configuration.ts";
import {
  type Check,
  type Finding,
  type Role,
  type Row,
  SEVERITIES,
  type Severity,
} from "./finding.ts";

/** What was found of one role. Without a configuration nothing is known to look at. */
export type Examined<Facts> =
  | { readonly kind: "facts"; readonly facts: Facts }
  | { readonly kind: "bad-configuration"; readonly error: ConfigError };

/** The roles that this machine has. */
export interface Patient {
  readonly labHost?: Examined<LabHostFacts> | undefined;
  readonly receiver?: Examined<ReceiverFacts> | undefined;
}

/** All rows, what is worst and nearest to its cause first. */
export function examine(patient: Patient, checks: readonly RoleCheck[] = CHECKS): Row[] {
  const { labHost } = patient;
  const receiverIsHere = labHost?.kind === "facts" && labHost.facts.receiverIsHere;
  const blockers = new Map<string, OpenRow>();
  const rows: OpenRow[] = [];
  for (const check of checks) {
    const judge = bind(check, patient);
    if (judge === undefined) continue;
    const { role, code, title } = check;
    const causes = [
      ...check.dependsOn.map((each) => keyOf(role, each)),
      ...(receiverIsHere ? check.dependsOnReceiverHere ?? [] : [])
        .map((each) => keyOf("receiver", each)),
    ];
    const blocker = causes.map((cause) => blockers.get(cause)).find((row) => row !== undefined);
    if (blocker !== undefined) {
      blocker.hides.push(code);
      blockers.set(keyOf(role, code), blocker);
      continue;
    }
    const row: OpenRow = { role, code, title, ...judge(), hides: [] };
    if (row.severity === "red" || row.severity === "unseen") blockers.set(keyOf(role, code), row);
    rows.push(row);
  }
  // The list is in the order of causes; Array.sort is stable.
  return rows.sort((a, b) => rankOf(a.severity) - rankOf(b.severity));
}

/** A row while others may still be found to come of it. */
type OpenRow = Row & { readonly hides: string[] };

function keyOf(role: Role, code: string): string {
  return `${role}/${code}`;
}

/** Undefined when the machine has not the check's role. */
function bind(check: RoleCheck, { labHost, receiver }: Patient): (() => Finding) | undefined {
  return check.role === "lab-host" ? bindTo(check, labHost) : bindTo(check, receiver);
}

function bindTo<Facts>(
  check: Check<Facts> & { readonly role: Role },
  examined: Examined<Facts> | undefined,
): (() => Finding) | undefined {
  if (examined === undefined) return undefined;
  return examined.kind === "facts"
    ? () => check.judge(examined.facts)
    // All others depend on the configuration, and are not judged.
    : () => judgeBadConfiguration(check.role, examined.error);
}

function rankOf(severity: Severity): number {
  return SEVERITIES.indexOf(severity);
}

/** The exit code: 0, 1 (yellow), 2 (red), 3 (something could not be looked at, and nothing is red). */
export function exitCodeOf(rows: readonly Pick<Row, "severity">[]): 0 | 1 | 2 | 3 {
  const has = (severity: Severity) => rows.some((row) => row.severity === severity);
  if (has("red")) return 2;
  if (has("unseen")) return 3;
  return has("yellow") ? 1 : 0;
}
