/**
 * Runs the session of one Markdown file and compares, or rewrites the file to what happened.
 */

import { type Command, formatOutcome, parseSession } from "./parse.ts";
import { matchesLine, mergeOutput } from "./placeholders.ts";
import { Shell } from "./shell.ts";

/** Where the session runs. */
export interface Place {
  /** A directory that comes first on PATH: the one with the built binary. */
  readonly programs: string;
  readonly repository: string;
  /** For each command; a minute unless said otherwise. */
  readonly limitMs?: number;
}

/** What became of a file. */
export interface Report {
  /** One text per command that did something else than the file says. */
  readonly differences: readonly string[];
  /** The file as it would be with what really happened. */
  readonly updated: string;
}

export async function runSession(text: string, place: Place): Promise<Report> {
  const { steps } = parseSession(text);
  const lines = text.split("\n");
  const replaced: { readonly command: Command; readonly output: readonly string[] }[] = [];
  const differences: string[] = [];
  const shell = await Shell.open(place.programs, place.repository);
  try {
    for (const step of steps) {
      const result = await shell.run(step.script, place.limitMs ?? 60_000);
      if (step.kind === "setup") {
        if (result.code === 0) continue;
        throw new Error(`line ${step.line}: the setup failed (${result.code}): ${result.stderr}`);
      }
      const stdout = split(result.stdout);
      const stderr = split(result.stderr);
      if (
        matchesAll(step.stdout, stdout) && matchesAll(step.stderr, stderr) &&
        result.code === step.code
      ) continue;
      differences.push(describe(step, formatOutcome(stdout, stderr, result.code)));
      const merged = [mergeOutput(step.stdout, stdout), mergeOutput(step.stderr, stderr)] as const;
      replaced.push({ command: step, output: formatOutcome(...merged, result.code) });
    }
  } finally {
    await shell.close();
  }
  // From the end, so that line numbers above stay true.
  for (const { command: { expectation: { start, end }, indent }, output } of replaced.reverse()) {
    lines.splice(start, end - start, ...output.map((line) => line === "" ? "" : indent + line));
  }
  return { differences, updated: lines.join("\n") };
}

function matchesAll(expected: readonly string[], actual: readonly string[]): boolean {
  return expected.length === actual.length &&
    expected.every((line, at) => matchesLine(line, actual[at] ?? ""));
}

function split(output: string): string[] {
  const lines = output.replace(/\n$/, "").split("\n");
  // As in the file, blank lines at the end are not seen.
  while (lines.at(-1) === "") lines.pop();
  return lines;
}

function describe(command: Command, actual: readonly string[]): string {
  const expected = formatOutcome(command.stdout, command.stderr, command.code);
  const wanted = expected.map((line) => `  - ${line}`);
  const got = actual.map((line) => `  + ${line}`);
  return [`line ${command.line}: $ ${command.script}`, ...wanted, ...got].join("\n");
}
