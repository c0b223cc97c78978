/** Help, from the commands as data. */
import { type Command, flagUsage, usage } from "./command.ts";
import { nextWords } from "./parse.ts";
import { formatTable } from "./print.ts";

/** The option that every command has. */
const HELP_ROW = ["  --help, -h", "Prints this help"];

/** The help for a command, for a group of commands, or for the program when `path` is empty. */
export function renderHelp(
  path: readonly string[],
  commands: readonly Command[],
  columns: number,
): string[] {
  const name = path.join(" ");
  const command = commands.find((each) => each.path.join(" ") === name);
  const below = commands.filter((each) =>
    each.path.length > path.length && path.every((word, i) => each.path[i] === word)
  );
  if (command !== undefined) return renderCommand(command, below, columns);
  if (path.length > 0) {
    return [
      `cis490 ${name}: ${nextWords(path, commands).join(", ")}`,
      ...section("commands", listCommands(below)),
      "",
      `cis490 help ${name} COMMAND tells more.`,
    ];
  }
  return [
    "cis490 ships recorded episodes from lab hosts to a receiver.",
    "",
    "usage: cis490 COMMAND [options]",
    "       cis490 --version [--json]",
    ...section("commands", listCommands(below)),
    "",
    "cis490 help COMMAND tells more.",
  ];
}

/** Summaries of commands, in the order of the list. */
function listCommands(commands: readonly Command[]): string[] {
  return formatTable(commands.map(({ path, summary }) => [`  ${path.join(" ")}`, summary]));
}

function renderCommand(command: Command, below: readonly Command[], columns: number): string[] {
  const words = Object.values(command.positionals).map(({ value, about }) => [`  ${value}`, about]);
  const flags = Object.entries(command.flags)
    .map(([name, flag]) => [`  ${flagUsage(name, flag)}`, flag.about]);
  return [
    `cis490 ${command.path.join(" ")}: ${command.summary}`,
    "",
    ...wrap(`usage: ${usage(command)}`, columns, "       "),
    ...command.description.flatMap((paragraph) => ["", ...wrap(paragraph, columns, "")]),
    ...section("commands", listCommands(below)),
    ...section("words", formatTable(words)),
    ...section("options", formatTable([...flags, HELP_ROW])),
    ...section("exit codes", formatTable(exitCodes(command))),
    ...section("files", rows(command.files)),
    ...section("environment", rows(command.environment)),
    ...section(
      "examples",
      command.examples.flatMap(({ command, about }) => [`  # ${about}`, `  $ ${command}`]),
    ),
  ];
}

/** The exit codes of a command, the common one included. */
export function exitCodes(command: Command): string[][] {
  const codes = { 2: "usage or configuration", ...command.exitCodes };
  return Object.entries(codes).map(([code, about]) => [`  ${code}`, about]);
}

function rows(facts: Readonly<Record<string, string>> | undefined): string[] {
  return formatTable(Object.entries(facts ?? {}).map(([name, about]) => [`  ${name}`, about]));
}

function section(title: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : ["", `${title}:`, ...lines];
}

/** Breaks at spaces; lines after the first begin with `indent`. What is too long stays whole. */
export function wrap(text: string, columns: number, indent: string): string[] {
  const lines: string[] = [];
  let line = "";
  // A break inside [brackets] would tear an option from its value.
  for (const word of text.match(/\[[^\]]*\]|\S+/g) ?? []) {
    const longer = line === "" ? word : `${line} ${word}`;
    if (line !== "" && longer.length > columns) {
      lines.push(line);
      line = indent + word;
    } else line = longer;
  }
  return line === "" ? lines : [...lines, line];
}
