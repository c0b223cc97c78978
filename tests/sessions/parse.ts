/**
 * A session in a Markdown file. In fenced blocks marked `console`:
 *
 *     $ command            run by bash
 *     > more of it         only right below a `$` or another `>`
 *     output               stdout, exactly
 *     2> complaint         a line of stderr
 *     ? 1                  the exit code, where it is not 0
 *
 * A block marked `console no-run` is only shown. One marked `sh setup` runs before what follows, its output unseen; it must
 * succeed. `<!-- needs: caddy zstd -->` anywhere names commands without which the file is skipped. A missing newline at the
 * end of the output is not seen; output that looks like one of the marks above can't be written down, so pipe it elsewhere.
 */

/** One command and what it is to do. */
export interface Command {
  readonly kind: "command";
  /** Line number in the file, from 1. */
  readonly line: number;
  readonly script: string;
  readonly stdout: readonly string[];
  readonly stderr: readonly string[];
  readonly code: number;
  /** Lines of the expectation in the file: from the one after the script up to `end`, exclusive; counted from 0. */
  readonly expectation: { readonly start: number; readonly end: number };
  /** What the block is indented by. */
  readonly indent: string;
}

/** What is run unseen. */
export interface Setup {
  readonly kind: "setup";
  readonly line: number;
  readonly script: string;
}

export interface Session {
  readonly needs: readonly string[];
  readonly steps: readonly (Command | Setup)[];
}

const FENCE = /^(\s*)(`{3,}|~{3,})\s*(.*?)\s*$/;

/** @throws {Error} naming the line that makes no sense */
export function parseSession(text: string): Session {
  const lines = text.split("\n");
  const steps: (Command | Setup)[] = [];
  for (let at = 0; at < lines.length; at++) {
    const [, indent = "", fence = "", info = ""] = FENCE.exec(lines[at] ?? "") ?? [];
    if (fence === "") continue;
    const end = lines.findIndex((line, i) => i > at && line.trim() === fence);
    if (end < 0) throw new Error(`line ${at + 1}: a block that does not end`);
    const body = lines.slice(at + 1, end)
      .map((line) => line.startsWith(indent) ? line.slice(indent.length) : line);
    if (info === "console") steps.push(...parseBlock(body, at + 1, indent));
    if (info === "sh setup") steps.push({ kind: "setup", line: at + 2, script: body.join("\n") });
    at = end;
  }
  const needs = [...text.matchAll(/<!--\s*needs:\s*(.*?)\s*-->/g)]
    .flatMap(([, names = ""]) => names.split(/[\s,]+/));
  return { needs, steps };
}

/** @param first the block's first line in the file, counted from 0 */
function parseBlock(body: readonly string[], first: number, indent: string): Command[] {
  const commands: Command[] = [];
  let at = 0;
  while (at < body.length) {
    const line = body[at] ?? "";
    if (!line.startsWith("$ ")) {
      throw new Error(`line ${first + at + 1}: output without a command`);
    }
    const script = [line.slice(2)];
    const from = at++;
    while (body[at]?.startsWith("> ") || body[at] === ">") script.push((body[at++] ?? "").slice(2));
    const start = at;
    while (at < body.length && !body[at]?.startsWith("$ ")) at++;
    // Blank lines that set commands apart are not output; those within it are.
    let end = at;
    while (end > start && body[end - 1] === "") end--;
    const output = body.slice(start, end);
    const codes = output.filter((text) => /^\? \d+$/.test(text));
    if (codes.length > 1) throw new Error(`line ${first + from + 1}: more than one exit code`);
    commands.push({
      kind: "command",
      line: first + from + 1,
      script: script.join("\n"),
      stdout: output.filter((text) => !/^(\? \d+$|2>( |$))/.test(text)),
      stderr: output.filter((text) => /^2>( |$)/.test(text)).map((text) => text.slice(3)),
      code: Number(codes[0]?.slice(2) ?? 0),
      expectation: { start: first + start, end: first + end },
      indent,
    });
  }
  return commands;
}

/** What a command did, as the lines of a block. */
export function formatOutcome(
  stdout: readonly string[],
  stderr: readonly string[],
  code: number,
): string[] {
  const complaints = stderr.map((line) => line === "" ? "2>" : `2> ${line}`);
  return [...stdout, ...complaints, ...(code === 0 ? [] : [`? ${code}`])];
}
