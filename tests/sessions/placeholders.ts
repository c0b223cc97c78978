/**
 * What may differ from run to run in a session's output: the one table. Anything else must be equal, byte for byte.
 */

interface Placeholder {
  /** What it stands for in an expected line. */
  readonly matches: string;
  /**
   * Where `--update` puts it by itself; without it only where the session used it before. The placeholder stands for the
   * group `it`.
   */
  readonly found?: RegExp;
}

const TIME = String.raw`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z`;
const DIGEST = "[0-9a-f]{64}|[A-Za-z0-9+/]{43}=";
const DURATION = String.raw`\d+(?:\.\d+)?(?: ?(?:µs|ms|s))?`;
const SIZE = String.raw`\d+(?:\.\d+)?(?: ?(?:B|[kKMG]i?B))?`;

/**
 * - `[TIME]` RFC 3339 in UTC
 * - `[DIGEST]` sha256 in hex or base64
 * - `[MS]` a duration, with its unit or without
 * - `[SIZE]` a number of bytes, with its unit or without
 * - `[PORT]`, `[PID]` a number
 */
const PLACEHOLDERS: Readonly<Record<string, Placeholder>> = {
  "[TIME]": { matches: TIME, found: new RegExp(`(?<it>${TIME})`, "g") },
  "[DIGEST]": {
    matches: DIGEST,
    found: new RegExp(`(?<![0-9A-Za-z])(?<it>${DIGEST})(?![0-9A-Za-z])`, "g"),
  },
  "[MS]": { matches: DURATION },
  "[SIZE]": { matches: SIZE },
  "[PORT]": { matches: String.raw`\d{1,5}`, found: /(?<=127\.0\.0\.1:|localhost:)(?<it>\d{2,5})/g },
  "[PID]": { matches: String.raw`\d+`, found: /(?<=\bpid[ =])(?<it>\d+)/g },
};

const ANY = new RegExp(
  Object.keys(PLACEHOLDERS).map((name) => RegExp.escape(name)).join("|"),
  "g",
);

/** Is `actual` what the line `expected`, with its placeholders, allows? */
export function matchesLine(expected: string, actual: string): boolean {
  if (expected === actual) return true;
  const names = [...expected.matchAll(ANY)];
  if (names.length === 0) return false;
  let pattern = "";
  let at = 0;
  for (const { 0: name, index } of names) {
    const literal = RegExp.escape(expected.slice(at, index));
    pattern += `${literal}(?:${PLACEHOLDERS[name]?.matches})`;
    at = index + name.length;
  }
  return new RegExp(`^${pattern}${RegExp.escape(expected.slice(at))}$`).test(actual);
}

/** A new line of output for a session, with placeholders where something is sure to differ the next time. */
export function generalize(actual: string): string {
  let line = actual;
  for (const [name, { found }] of Object.entries(PLACEHOLDERS)) {
    if (found !== undefined) line = line.replace(found, name);
  }
  return line;
}

/** New output in place of old: a line that still matches an old one, in order, keeps that one's placeholders. */
export function mergeOutput(old: readonly string[], actual: readonly string[]): string[] {
  let next = 0;
  return actual.map((line) => {
    const at = old.findIndex((candidate, index) => index >= next && matchesLine(candidate, line));
    if (at < 0) return generalize(line);
    next = at + 1;
    return old[at] ?? line;
  });
}
