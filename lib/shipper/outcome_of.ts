/** From what happened to what it means: answers of the receiver, and errors of this host. */
import { ArchiveError } from "../archive/mod.ts";
import { FsError } from "../sys/mod.ts";
import type { Answer, NoAnswer, Refused } from "../transport/mod.ts";
import { type ProblemName, problemRow, type Verdict } from "../wire/mod.ts";
import type { Outcome, OutcomeKind } from "./outcomes.ts";

const VERDICTS: Readonly<
  Record<Verdict, Exclude<OutcomeKind, "stored" | "already-stored">>
> = {
  fatal: "fatal",
  repack: "repack",
  held: "held",
  transient: "transient",
  // The transport asks on by itself; what comes out of it did not move for too long.
  progress: "transient",
  announce: "transient",
  paused: "paused",
};

/** Statuses that speak of the receiver, or of a proxy before it, as a whole. */
const OUTAGES: readonly number[] = [429, 502, 503, 504];
/** Problems with such a status that speak of one episode. */
const OF_ONE_EPISODE: readonly ProblemName[] = ["verifying", "commit-unknown"];

/** What an answer means. An abort is none. */
export function outcomeOf(
  answer: Exclude<Answer, { kind: "aborted" }> | Refused | NoAnswer,
): Outcome {
  switch (answer.kind) {
    case "stored":
      return {
        outcome: answer.already ? "already-stored" : "stored",
        code: answer.already ? "already-stored" : "stored",
        detail: "stored",
        status: answer.already ? 200 : 201,
        scope: "episode",
        receipt: answer.receipt,
      };
    case "unreadable":
      return {
        outcome: "repack",
        code: "archive-unreadable",
        detail: answer.why,
        scope: "episode",
      };
    case "refused":
      return ofRefusal(answer);
    case "unreachable":
      return {
        outcome: "transient",
        code: unreachableCode(answer),
        detail: answer.why,
        scope: "receiver",
        isLocal: answer.local,
        remediation: "cis490 ping",
      };
    case "foreign":
      return ofForeign(answer);
  }
  answer satisfies never;
}

function unreachableCode(
  { layer, local }: Extract<NoAnswer, { kind: "unreachable" }>,
): string {
  if (local) return layer === "token" ? "token-not-ready" : "certificate-not-ready";
  return layer === "certificate" ? "certificate-refused" : "unreachable";
}

function ofRefusal({ name, problem, retryAfterMs }: Refused): Outcome {
  const row = problemRow(name);
  const outcome = VERDICTS[row.verdict];
  const isOutage = OUTAGES.includes(row.status) && !OF_ONE_EPISODE.includes(name);
  return {
    outcome,
    code: name,
    detail: problem.detail ?? row.title,
    status: problem.status,
    scope: outcome === "paused" || isOutage ? "receiver" : "episode",
    remediation: problem.remediation ?? row.remediation,
    retryAfterMs,
    problem,
  };
}

/** Never stored, fatal or held: whoever answered is not the receiver. */
function ofForeign(
  { status, why, retryAfterMs }: Extract<NoAnswer, { kind: "foreign" }>,
): Outcome {
  const isTransient = [408, 425, 429].includes(status) || status >= 500;
  return {
    outcome: isTransient ? "transient" : "paused",
    code: "not-the-receiver",
    detail: why,
    status,
    scope: !isTransient || OUTAGES.includes(status) ? "receiver" : "episode",
    remediation: "cis490 ping",
    retryAfterMs,
  };
}

/** Where on this host an error came up. */
export type Stage = "look" | "pack" | "move";

/** What an error of this host means for the episode at `path`; undefined for a bug. */
export function outcomeOfError(error: unknown, stage: Stage, path: string): Outcome | undefined {
  if (error instanceof ArchiveError) return ofArchiveError(error);
  return error instanceof FsError ? ofFsError(error, stage, path) : undefined;
}

function ofArchiveError(error: ArchiveError): Outcome | undefined {
  const scope = "episode";
  switch (error.code) {
    case "unfit":
      return unfitOutcome(error.message);
    case "bad-meta":
      // What the receiver would say, with no stamp to ask it by.
      return { outcome: "fatal", code: "bad-meta", detail: error.message, scope };
    case "no-meta":
    case "changed":
      return { outcome: "changed", code: "changed", detail: error.message, scope };
    case "gone":
      return { outcome: "gone", code: "gone", detail: error.message, scope };
    default:
      // The verifier's codes: no packer throws them.
      return undefined;
  }
}

/** An archive would not be the episode: no receiver needs to be asked. */
export function unfitOutcome(detail: string): Outcome {
  return { outcome: "fatal", code: "unfit", detail, scope: "episode" };
}

/** Whether a try failed for want of space, which may be there again at any time. */
export function isForSpace({ code }: Pick<Outcome, "code">): boolean {
  return code === "ENOSPC" || code === "EDQUOT";
}

function ofFsError(error: FsError, stage: Stage, path: string): Outcome {
  const base = { code: error.errno, detail: error.message, scope: "episode" } as const;
  switch (error.code) {
    case "busy":
      return { ...base, outcome: "transient" };
    case "gone":
      return stage === "move" ? { ...base, outcome: "stuck" } : { ...base, outcome: "changed" };
    case "full":
      return stage === "move"
        ? { ...base, outcome: "stuck", remediation: `df -h ${path}` }
        : { ...base, outcome: "transient", remediation: `df -h ${path}` };
    case "denied":
      return { ...base, outcome: "stuck", remediation: `sudo chown -R cis490:cis490 ${path}` };
    case "broken":
      return { ...base, outcome: "stuck", remediation: "journalctl -k -p warning -n 50" };
    case "link":
    case "is-a-directory":
    case "not-a-directory":
      // It is not what its name says, and may lie in outbox/ or .locks/.
      return { ...base, outcome: "stuck", remediation: `ls -ld ${namesOf(error)}` };
    default:
      return { ...base, outcome: "stuck", remediation: `ls -la ${path}` };
  }
}

/** Of a rename both, without the arrow, which a shell would take for a file to write to. */
function namesOf({ subject }: FsError): string {
  return subject.replace(" -> ", " ");
}
