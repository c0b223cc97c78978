/** From argv to a command and its arguments. The words are taken apart by node:util's parseArgs. */
import { parseArgs } from "node:util";
import { type Command, type Flag, flagName } from "./command.ts";
import { findDuration } from "./format.ts";
import { UsageError } from "./usage_error.ts";

/** What a command line asks for. */
export type Invocation =
  | {
    readonly kind: "run";
    readonly command: Command;
    readonly args: Readonly<Record<string, unknown>>;
  }
  /** `asked`: by --help, and not because a command is missing. */
  | { readonly kind: "help"; readonly path: readonly string[]; readonly asked: boolean };

/** @throws UsageError */
export function parseCommandLine(
  argv: readonly string[],
  commands: readonly Command[],
): Invocation {
  const [first] = argv;
  const words = first === "--version" || first === "-V" ? ["version", ...argv.slice(1)] : argv;
  const path = findPath(words, commands);
  const rest = words.slice(path.length);
  const command = commands.find((each) => each.path.join(" ") === path.join(" "));
  const asksHelp = untilDashes(rest).some((word) => word === "--help" || word === "-h");
  if (asksHelp) return { kind: "help", path, asked: true };
  if (command !== undefined) {
    return { kind: "run", command, args: parseRest(command, rest, commands) };
  }

  const [word] = rest;
  if (word === undefined) return { kind: "help", path, asked: false };
  const known = nextWords(path, commands);
  if (!word.startsWith("-")) throw unknownCommand(path, word, known);
  throw new UsageError(`${word} stands before a command; commands: ${known.join(", ")}`, path);
}

/** The longest run of first words that begins a command. */
function findPath(argv: readonly string[], commands: readonly Command[]): readonly string[] {
  let length = 0;
  while (
    length < argv.length && nextWords(argv.slice(0, length), commands).includes(argv[length] ?? "")
  ) {
    length++;
  }
  return argv.slice(0, length);
}

/** The words that may follow `path` in the name of a command. */
export function nextWords(path: readonly string[], commands: readonly Command[]): string[] {
  const words = commands
    .filter((each) => path.every((word, i) => each.path[i] === word))
    .flatMap((each) => each.path[path.length] ?? []);
  return [...new Set(words)];
}

function parseRest(
  command: Command,
  rest: readonly string[],
  commands: readonly Command[],
): Readonly<Record<string, unknown>> {
  const options = Object.fromEntries(
    Object.entries(command.flags).map(([name, flag]) => [
      flagName(name).slice(2),
      { type: flag.kind === "switch" ? "boolean" as const : "string" as const },
    ]),
  );
  const { tokens } = parseArgs({
    args: [...rest],
    options,
    strict: false,
    allowPositionals: true,
    tokens: true,
  });
  const args: Record<string, unknown> = {};
  for (const [name, flag] of Object.entries(command.flags)) {
    args[name] = flag.kind === "switch" ? false : undefined;
  }
  const given = new Set<string>();
  for (const token of tokens) {
    if (token.kind !== "option") continue;
    const found = Object.entries(command.flags).find(([name]) => flagName(name) === token.rawName);
    if (found === undefined) throw unknownFlag(command, token.rawName);
    const [name, flag] = found;
    if (given.has(name)) throw new UsageError(`${token.rawName} is given twice`, command.path);
    given.add(name);
    // parseArgs takes the next word as the value, whatever it is.
    const swallowed = !token.inlineValue && token.value?.startsWith("-") === true;
    const value = swallowed ? undefined : token.value;
    args[name] = parseValue(command, flag, token.rawName, value);
  }
  const both = (command.oneOf ?? []).filter((name) => given.has(name));
  if (both.length > 1) {
    throw new UsageError(`${both.map(flagName).join(" and ")} exclude each other`, command.path);
  }
  const words = tokens.flatMap((token) => token.kind === "positional" ? [token.value] : []);
  return { ...args, ...parseWords(command, words, commands) };
}

function parseValue(
  command: Command,
  flag: Flag,
  name: string,
  value: string | undefined,
): unknown {
  const wrong = (what: string) => new UsageError(`${name}: ${what}`, command.path);
  if (flag.kind === "switch") {
    if (value !== undefined) throw wrong("takes no value");
    return true;
  }
  if (value === undefined || value === "") throw wrong("needs a value");
  switch (flag.kind) {
    case "text":
      return value;
    case "choice":
      if (flag.choices.includes(value)) return value;
      throw wrong(`expected ${flag.choices.join(" or ")}, found ${JSON.stringify(value)}`);
    case "duration": {
      const ms = findDuration(value);
      if (ms !== undefined) return ms;
      throw wrong(`expected a time like 90s, 15min, 24h or 14d, found ${JSON.stringify(value)}`);
    }
  }
}

function parseWords(
  command: Command,
  words: readonly string[],
  commands: readonly Command[],
): Record<string, unknown> {
  const args: Record<string, unknown> = {};
  let next = 0;
  for (const [name, { count, value }] of Object.entries(command.positionals)) {
    if (count === "many") {
      args[name] = words.slice(next);
      next = words.length;
      continue;
    }
    args[name] = words[next];
    if (words[next] === undefined) {
      if (count === "one") throw new UsageError(`${value} is missing`, command.path);
    } else next++;
  }
  const extra = words[next];
  if (extra === undefined) return args;
  const known = nextWords(command.path, commands);
  if (known.length > 0) throw unknownCommand(command.path, extra, known);
  throw new UsageError(`unexpected ${JSON.stringify(extra)}`, command.path);
}

/** The error for a word that begins no command after `path`. */
export function unknownCommand(
  path: readonly string[],
  found: string,
  known: readonly string[],
): UsageError {
  const where = path.length === 0 ? "there is no" : `${path.join(" ")} has no`;
  return new UsageError(`${where} command ${JSON.stringify(found)}`, path, { found, known });
}

function unknownFlag(command: Command, found: string): UsageError {
  const known = Object.keys(command.flags).map(flagName);
  return new UsageError(`unknown option ${found}`, command.path, { found, known });
}

function untilDashes(words: readonly string[]): readonly string[] {
  const end = words.indexOf("--");
  return end === -1 ? words : words.slice(0, end);
}
