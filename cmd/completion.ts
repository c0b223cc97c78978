/** Completion scripts for bash, zsh and fish, from the commands as data. */
import { type Command, type Flag, flagName } from "./command.ts";
import { COMMANDS } from "./commands.ts";
import { nextWords } from "./parse.ts";
import type { Io } from "./print.ts";
import { UsageError } from "./usage_error.ts";

const SHELLS: Readonly<Record<string, (commands: readonly Command[]) => string[]>> = {
  bash: renderBash,
  zsh: (
    commands,
  ) => ["#compdef cis490", "autoload -U +X bashcompinit && bashcompinit", ...renderBash(commands)],
  fish: renderFish,
};

export function run(args: { readonly shell: string }, io: Io): Promise<number> {
  const render = Object.hasOwn(SHELLS, args.shell) ? SHELLS[args.shell] : undefined;
  if (render === undefined) {
    const known = Object.keys(SHELLS);
    throw new UsageError(
      `no completion for ${JSON.stringify(args.shell)}, only for ${known.join(", ")}`,
      [
        "completion",
      ],
      { found: args.shell, known },
    );
  }
  for (const line of render(COMMANDS)) io.stdout(line);
  return Promise.resolve(0);
}

/** Every script by its shell. */
export function renderCompletions(commands: readonly Command[]): ReadonlyMap<string, string> {
  return new Map(
    Object.entries(SHELLS).map(([shell, render]) => [shell, `${render(commands).join("\n")}\n`]),
  );
}

/** Every beginning of a command's words, the empty one first. */
function beginnings(commands: readonly Command[]): string[][] {
  const all = commands.flatMap(({ path }) => path.map((_, i) => path.slice(0, i + 1).join(" ")));
  return ["", ...new Set(all)].map((words) => words === "" ? [] : words.split(" "));
}

function candidates(path: readonly string[], commands: readonly Command[]): string[] {
  const command = commands.find((each) => each.path.join(" ") === path.join(" "));
  const flags = Object.keys(command?.flags ?? {}).map(flagName);
  return [
    ...nextWords(path, commands),
    ...flags,
    "--help",
    ...(path.length === 0 ? ["--version"] : []),
  ];
}

function flagsOf(commands: readonly Command[], wanted: (flag: Flag) => boolean): string[] {
  const names = commands.flatMap(({ flags }) =>
    Object.entries(flags).filter(([, flag]) => wanted(flag)).map(([name]) => flagName(name))
  );
  return [...new Set(names)];
}

const isPath = (flag: Flag) => flag.kind === "text" && ["FILE", "DIR"].includes(flag.value);

function renderBash(commands: readonly Command[]): string[] {
  const choices = commands.flatMap(({ flags }) => Object.entries(flags)).flatMap(([name, flag]) =>
    flag.kind === "choice" ? [`    ${flagName(name)}) words="${flag.choices.join(" ")}" ;;`] : []
  );
  const pathFlags = flagsOf(commands, isPath);
  const paths = pathFlags.length === 0 ? [] : [pathFlags.join("|")];
  return [
    "# cis490 completion; from `cis490 completion bash`",
    "_cis490() {",
    '  local word="${COMP_WORDS[COMP_CWORD]}" before="${COMP_WORDS[COMP_CWORD-1]}" path="" words="" i',
    "  for ((i = 1; i < COMP_CWORD; i++)); do",
    '    case "$path ${COMP_WORDS[i]}" in',
    ...beginnings(commands).slice(1).map((path) =>
      `      " ${path.join(" ")}") path=" ${path.join(" ")}" ;;`
    ),
    "    esac",
    "  done",
    '  case "$before" in',
    ...paths.map((names) =>
      `    ${names}) mapfile -t COMPREPLY < <(compgen -f -- "$word"); return ;;`
    ),
    ...new Set(choices),
    '    *) case "$path" in',
    ...beginnings(commands).map((path) => {
      const key = path.map((word) => ` ${word}`).join("");
      return `      "${key}") words="${candidates(path, commands).join(" ")}" ;;`;
    }),
    "    esac ;;",
    "  esac",
    '  mapfile -t COMPREPLY < <(compgen -W "$words" -- "$word")',
    "}",
    "complete -F _cis490 cis490",
  ];
}

function renderFish(commands: readonly Command[]): string[] {
  const lines = ["# cis490 completion; from `cis490 completion fish`", "complete -c cis490 -f"];
  for (const path of beginnings(commands)) {
    const next = nextWords(path, commands);
    const seen = path.map((word) => `__fish_seen_subcommand_from ${word}`);
    const condition = path.length === 0
      ? "__fish_use_subcommand"
      : [...seen, ...(next.length > 0 ? [`not __fish_seen_subcommand_from ${next.join(" ")}`] : [])]
        .join("; and ");
    for (const word of next) {
      const about = commands.find((each) => each.path.join(" ") === [...path, word].join(" "))
        ?.summary;
      lines.push(`complete -c cis490 -n ${quote(condition)} -a ${word}${describe(about)}`);
    }
    const command = commands.find((each) => each.path.join(" ") === path.join(" "));
    for (const [name, flag] of Object.entries(command?.flags ?? {})) {
      const value = flag.kind === "switch"
        ? ""
        : flag.kind === "choice"
        ? ` -x -a ${quote(flag.choices.join(" "))}`
        : isPath(flag)
        ? " -r -F"
        : " -x";
      lines.push(
        `complete -c cis490 -n ${quote(condition)} -l ${flagName(name).slice(2)}${value}${
          describe(flag.about)
        }`,
      );
    }
  }
  return lines;
}

function describe(about: string | undefined): string {
  return about === undefined ? "" : ` -d ${quote(about)}`;
}

function quote(text: string): string {
  return `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
}
