/** The journal of one unit, by journalctl(1): what it said, newest first. */
import { parseEvent, type ReadEvent } from "../../events/mod.ts";
import type { RunProgram } from "../../sys/mod.ts";
import type { Seen } from "../finding.ts";
import { ask } from "./program.ts";

export interface JournalLine {
  /** Milliseconds since the epoch. */
  readonly atMs: number;
  readonly message: string;
  /** Undefined for what systemd says of the unit, and for what is no event. */
  readonly event: ReadEvent | undefined;
  /** What systemd says of a run that failed: `exit-code`, `watchdog`, … */
  readonly unitResult: string | undefined;
  /** syslog(3): 3 is an error. */
  readonly priority: number;
}

export interface Journal {
  readonly lines: readonly JournalLine[];
  /** There were more lines than are read: those here are the newest. */
  readonly isCut: boolean;
}

/** `denied`: this user may not read it. `missing`: there is no journalctl. */
export interface JournalFault {
  readonly code: "denied" | "missing" | "failed";
  readonly words: string;
}

export interface JournalQuestion {
  readonly units: readonly string[];
  /** Back from now. */
  readonly sinceMs: number;
  /** Words that journalctl(1) takes as they are, for example a field that must match. */
  readonly more?: readonly string[];
}

/** A busy shipper says some thousand lines in ten minutes; more would cost more than they tell. */
const MOST_LINES = 5000;
const LIMIT_BYTES = 8 * 1024 * 1024;

export async function readJournal(
  run: RunProgram,
  { units, sinceMs, more = [] }: JournalQuestion,
): Promise<Seen<Journal, JournalFault>> {
  const asked = await ask(run, "journalctl", [
    ...units.map((unit) => `--unit=${unit}`),
    // Relative, so that it is journalctl's own clock that counts.
    `--since=-${Math.ceil(sinceMs / 1000)}s`,
    "--output=json",
    "--output-fields=MESSAGE,PRIORITY,UNIT_RESULT",
    "--reverse",
    `--lines=${MOST_LINES}`,
    "--all",
    "--no-pager",
    ...more,
  ], { outputLimitBytes: LIMIT_BYTES });
  if (asked.kind === "unseen") {
    const code = asked.why.code === "missing" ? "missing" : "failed";
    return { kind: "unseen", why: { code, words: asked.why.message } };
  }
  const { code, stdout, stderr } = asked.value;
  // A hint, with exit code 0, when only a part may be seen; an error when nothing may.
  if (/not seeing messages from|insufficient permissions/i.test(stderr)) {
    const words = "this user may not read the journal";
    return { kind: "unseen", why: { code: "denied", words } };
  }
  // Where --grep= finds nothing it exits with 1, and says nothing.
  if (code !== 0 && !(code === 1 && stderr.trim() === "")) {
    const words = `journalctl: ${stderr.trim().split("\n")[0] ?? `exit ${code}`}`;
    return { kind: "unseen", why: { code: "failed", words } };
  }
  const lines = stdout.split("\n").flatMap((line) => parseJournalLine(line) ?? []);
  const isCut = lines.length >= MOST_LINES || stdout.length >= LIMIT_BYTES;
  return { kind: "seen", value: { lines, isCut } };
}

/** A line of `journalctl --output=json`; undefined when it is cut or is none. */
export function parseJournalLine(line: string): JournalLine | undefined {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return undefined;
  }
  if (typeof value !== "object" || value === null) return undefined;
  const fields = new Map<string, unknown>(Object.entries(value));
  const message = textOf(fields.get("MESSAGE"));
  const us = Number(fields.get("__REALTIME_TIMESTAMP"));
  if (message === undefined || !Number.isFinite(us)) return undefined;
  return {
    atMs: Math.floor(us / 1000),
    message,
    event: parseEvent(message),
    unitResult: textOf(fields.get("UNIT_RESULT")),
    priority: Number(fields.get("PRIORITY") ?? 6),
  };
}

/** A field that is not UTF-8 is an array of bytes, one that is there twice an array of fields; a long one may be null. */
function textOf(field: unknown): string | undefined {
  if (typeof field === "string") return field;
  if (!Array.isArray(field)) return undefined;
  if (field.every((byte) => typeof byte === "number")) {
    return new TextDecoder().decode(Uint8Array.from(field));
  }
  return textOf(field[0]);
}
