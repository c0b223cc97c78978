/** What `ship --once` tells: lines for people while it goes on, one JSON object for programs at the end. */
import {
  isDone,
  type Observer,
  type Outcome,
  type PassSummary,
  type Result,
  type State,
} from "../lib/shipper/mod.ts";
import { ID_GRAMMAR_WORDS } from "../lib/episode/mod.ts";
import { NO_NAME } from "../lib/queue/mod.ts";
import { formatBytes, formatDuration } from "./format.ts";
import { type Io, printable } from "./print.ts";

/** Follows a pass. `finish` tells the rest and returns the exit code. */
export interface Report {
  readonly observer: Observer;
  finish(summary: PassSummary, interrupted: boolean): number;
}

/** States of which each kind of reason is told once, with the number: a backlog has thousands of the same. */
const EXPLAINED: Partial<Record<State, string>> = {
  "held": "held",
  "waiting": "waiting",
  "stuck": "stuck",
};

interface Reason {
  readonly words: string;
  readonly outcome: Outcome;
  count: number;
}

export function createReport(
  io: Io,
  options: { readonly json: boolean; readonly progress: boolean },
): Report {
  const bar = io.progress({ enabled: options.progress && !options.json });
  const reasons = new Map<string, Reason>();
  const sending = new Map<string, number>();
  let total = 0;
  let done = 0;
  let sentBytes = 0;

  const draw = () => {
    let parts = 0;
    let bytes = sentBytes;
    for (const part of sending.values()) parts += part;
    bytes = Math.max(bytes, 0);
    bar.update(
      (done + parts) / Math.max(1, total),
      `${done} of ${total}, ${formatBytes(bytes)} sent`,
    );
  };
  const note = ({ state, outcome }: Result) => {
    const words = EXPLAINED[state];
    if (words === undefined || outcome === undefined) return;
    const key = `${state} ${outcome.code}`;
    const reason = reasons.get(key);
    if (reason === undefined) reasons.set(key, { words, outcome, count: 1 });
    else reason.count++;
  };

  return {
    observer: {
      listed: (count) => {
        total = count;
      },
      sending: (id, bytes, totalBytes) => {
        sending.set(id, totalBytes === 0 ? 1 : bytes / totalBytes);
        draw();
      },
      result: (result) => {
        done++;
        sending.delete(result.id);
        sentBytes += result.bytes ?? 0;
        note(result);
        const line = options.json ? undefined : lineOf(result);
        if (line !== undefined) io.stdout(line);
        draw();
      },
    },
    finish(summary, interrupted) {
      bar.end();
      if (options.json) io.json(jsonOf(summary, interrupted));
      else io.stdout(formatSummary(summary));
      for (const line of complaintsOf([...reasons.values()], summary)) io.stderr(`cis490: ${line}`);
      if (interrupted) io.stderr("cis490: interrupted; the next run goes on where this one ended");
      return !interrupted && isDone(summary) ? 0 : 1;
    },
  };
}

/** The line about one episode; none for those that only count. */
export function lineOf({ id, state, bytes, ms, outcome }: Result): string | undefined {
  switch (state) {
    case "shipped":
      return bytes === undefined || ms === undefined
        ? `shipped ${id}`
        : `shipped ${id} ${formatBytes(bytes)} in ${formatDuration(ms)}`;
    case "already-stored":
      return `already stored ${id}`;
    case "quarantined":
      return outcome === undefined
        ? `quarantined ${id}`
        : `quarantined ${id}: ${printable(outcome.detail)}`;
    default:
      return undefined;
  }
}

/** `shipped 3, already stored 0, held 1, quarantined 0, waiting 0, not ready 0` */
export function formatSummary({ counts }: PassSummary): string {
  const words = [
    `shipped ${counts.shipped}`,
    `already stored ${counts["already-stored"]}`,
    `held ${counts.held}`,
    `quarantined ${counts.quarantined}`,
    `waiting ${counts.waiting}`,
    `not ready ${counts["not-ready"]}`,
  ];
  if (counts.stuck > 0) words.push(`stuck ${counts.stuck}`);
  return words.join(", ");
}

/** Why something was left, and what mends it. */
function complaintsOf(reasons: readonly Reason[], { stopped, strangers }: PassSummary): string[] {
  const lines = reasons
    // Told below, for all of them.
    .filter(({ outcome }) => outcome.code !== stopped?.code)
    .map(({ words, outcome, count }) => `${words} ${count}: ${fixed(outcome)}`);
  if (stopped !== undefined) lines.push(`nothing more was sent: ${fixed(stopped)}`);
  const [first] = strangers.paths;
  if (first !== undefined) {
    const names = strangers.paths.map((path) => printable(path)).join(", ");
    const more = strangers.count > strangers.paths.length ? " and others" : "";
    lines.push(
      `left alone ${strangers.count}: ${names}${more}: not a directory, or not named like an episode ` +
        `(${ID_GRAMMAR_WORDS}); to mend it: ${renamingOf(strangers.paths)}`,
    );
  }
  return lines;
}

/** The command for the first of them whose name can be written down; one that shows the names where there is none. */
function renamingOf(paths: readonly string[]): string {
  const directory = paths[0]?.replace(/\/[^/]*$/, "") ?? "";
  const path = paths.find((path) => printable(path) === path && !path.endsWith(NO_NAME));
  return path === undefined
    ? `ls -lb ${quoted(directory)}`
    // Not into a directory of the new name, which may be an episode; and not out of episodes/.
    : `mv -nT ${quoted(path)} ${quoted(`${directory}/NEW-NAME`)}`;
}

/** As a shell takes it. */
function quoted(path: string): string {
  return `'${path.replaceAll("'", `'\\''`)}'`;
}

function fixed({ detail, remediation }: Outcome): string {
  const words = printable(detail);
  return remediation === undefined ? words : `${words}; to mend it: ${printable(remediation)}`;
}

function jsonOf(summary: PassSummary, interrupted: boolean): unknown {
  const { counts, stopped } = summary;
  return {
    done: !interrupted && isDone(summary),
    shipped: counts.shipped,
    already_stored: counts["already-stored"],
    held: counts.held,
    quarantined: counts.quarantined,
    waiting: counts.waiting,
    not_ready: counts["not-ready"],
    stuck: counts.stuck,
    gone: counts.gone,
    strangers: summary.strangers.count,
    stranger_paths: summary.strangers.paths,
    swept: summary.swept,
    bytes: summary.bytes,
    ms: summary.ms,
    codes: summary.codes,
    stopped: stopped === undefined ? null : {
      code: stopped.code,
      status: stopped.status ?? null,
      detail: stopped.detail,
      remediation: stopped.remediation ?? null,
    },
    interrupted,
  };
}
