/**
 * Writes the man pages: cis490(1), and one for each command.
 *
 *   deno run -A tools/docs/man.ts DIR
 */
import { type Command, flagUsage, usage } from "../../cmd/command.ts";
import { COMMANDS } from "../../cmd/commands.ts";
import { exitCodes } from "../../cmd/help.ts";

/** All pages by their file names. `date` is like `2026-01-31`. */
export function renderPages(
  commands: readonly Command[],
  version: string,
  date: string,
): ReadonlyMap<string, string> {
  const head = (name: string) =>
    `.TH ${name.toUpperCase()} 1 "${date}" "cis490 ${escape(version)}"`;
  const pages = new Map<string, string>();
  pages.set("cis490.1", renderOverview(commands, head("cis490")));
  for (const command of commands) {
    const name = pageName(command);
    pages.set(`${name}.1`, renderPage(command, head(name)));
  }
  return pages;
}

/** `cis490-receive-token-add`, as git names its pages. */
function pageName({ path }: Command): string {
  return ["cis490", ...path].join("-");
}

function renderOverview(commands: readonly Command[], head: string): string {
  return lines(
    head,
    ".SH NAME",
    "cis490 \\- ship recorded episodes from lab hosts to a receiver",
    ".SH SYNOPSIS",
    ".B cis490",
    "COMMAND [options]",
    ".SH COMMANDS",
    ...commands.flatMap((command) => term(`${pageName(command)}(1)`, command.summary)),
    ".SH EXIT STATUS",
    ...term("0", "done"),
    ...term("1", "something was not done"),
    ...term("2", "usage or configuration"),
  );
}

function renderPage(command: Command, head: string): string {
  const name = pageName(command);
  const flags = Object.entries(command.flags)
    .map(([flag, value]): [string, string] => [flagUsage(flag, value), value.about]);
  const words = Object.values(command.positionals)
    .map(({ value, about }): [string, string] => [value, about]);
  const codes = exitCodes(command).map(([code, about]): [string, string] => [
    code?.trim() ?? "",
    about ?? "",
  ]);
  return lines(
    head,
    ".SH NAME",
    `${escape(name)} \\- ${escape(command.summary)}`,
    ".SH SYNOPSIS",
    escape(usage(command)),
    ".SH DESCRIPTION",
    ...command.description.flatMap((paragraph) => [".PP", escape(paragraph)]),
    ...section("OPTIONS", [...words, ...flags]),
    ...section("EXIT STATUS", codes),
    ...section("FILES", Object.entries(command.files ?? {})),
    ...section("ENVIRONMENT", Object.entries(command.environment ?? {})),
    ".SH EXAMPLES",
    ...command.examples.flatMap(({ command, about }) => [
      ".PP",
      `${escape(about)}:`,
      ".PP",
      ".EX",
      escape(command),
      ".EE",
    ]),
    ".SH SEE ALSO",
    ".BR cis490 (1)",
  );
}

function section(title: string, terms: readonly (readonly [string, string])[]): string[] {
  if (terms.length === 0) return [];
  return [`.SH ${title}`, ...terms.flatMap(([name, about]) => term(name, about))];
}

function term(name: string, about: string): string[] {
  return [".TP", `\\fB${escape(name)}\\fR`, escape(about)];
}

/** roff(7): a backslash, a hyphen that is to be copied, and a line that begins like a request. */
function escape(text: string): string {
  return text
    .replaceAll("\\", "\\e")
    .replaceAll("-", "\\-")
    .replaceAll("…", "...")
    .replace(/^[.']/, "\\&$&");
}

function lines(...all: readonly string[]): string {
  return all.join("\n") + "\n";
}

if (import.meta.main) {
  const [directory] = Deno.args;
  if (directory === undefined) {
    console.error("usage: deno run -A tools/docs/man.ts DIR");
    Deno.exit(2);
  }
  const config: { version: string } = JSON.parse(
    await Deno.readTextFile(new URL("../../deno.json", import.meta.url)),
  );
  // SOURCE_DATE_EPOCH (reproducible-builds.org) keeps packages the same on any day.
  const epoch = Deno.env.get("SOURCE_DATE_EPOCH");
  const date = epoch === undefined ? new Date() : new Date(Number(epoch) * 1000);
  const pages = renderPages(COMMANDS, config.version, date.toISOString().slice(0, 10));
  await Deno.mkdir(directory, { recursive: true });
  for (const [name, page] of pages) await Deno.writeTextFile(`${directory}/${name}`, page);
}
