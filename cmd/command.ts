/**
 * What a command is, as data: parsing, help, completion, man pages and docs/cli.md come from it, so none of them
 * can be out of date.
 */
import type { Io } from "./print.ts";

/** One option. Its name in the data is camelCase; on the command line `noProgress` is `--no-progress`. */
export type Flag =
  | { readonly kind: "switch"; readonly about: string }
  /** `value` is what help calls it. With "FILE" or "DIR" a shell completes paths. */
  | { readonly kind: "text"; readonly value: string; readonly about: string }
  | { readonly kind: "choice"; readonly choices: readonly string[]; readonly about: string }
  /** Like `90s`, `15min`, `24h`, `14d`; becomes milliseconds. */
  | { readonly kind: "duration"; readonly about: string };

/** A word after the command. */
export interface Positional {
  /** What help calls it, for example `HOST`. */
  readonly value: string;
  readonly about: string;
  /** `many` takes all words that are left. */
  readonly count: "one" | "optional" | "many";
}

type FlagValue<F extends Flag> = F extends { kind: "switch" } ? boolean
  : F extends { kind: "choice"; choices: readonly (infer Choice)[] } ? Choice | undefined
  : F extends { kind: "duration" } ? number | undefined
  : string | undefined;

type PositionalValue<P extends Positional> = P extends { count: "one" } ? string
  : P extends { count: "optional" } ? string | undefined
  : readonly string[];

/** What a command's `run` is given: every flag and every word by its name. */
export type ArgsOf<
  F extends Readonly<Record<string, Flag>>,
  P extends Readonly<Record<string, Positional>>,
> =
  & { readonly [Name in keyof F]: FlagValue<F[Name]> }
  & { readonly [Name in keyof P]: PositionalValue<P[Name]> };

/** The permissions of Deno that a command can keep; all others are revoked before it is loaded. */
export type Permission = "read" | "write" | "net" | "ffi" | "run" | "env" | "sys";

/** What reads the same for every command, whatever its flags. */
export interface CommandFacts {
  /** The words that call it, for example `["receive", "token", "add"]`. */
  readonly path: readonly string[];
  /** One line, in the imperative, without a full stop. */
  readonly summary: string;
  /** Paragraphs. */
  readonly description: readonly string[];
  /** Names of flags of which at most one may be given. */
  readonly oneOf?: readonly string[];
  readonly examples: readonly { readonly command: string; readonly about: string }[];
  /** By exit code; 2 (usage or configuration) is added for all. */
  readonly exitCodes: Readonly<Record<number, string>>;
  readonly files?: Readonly<Record<string, string>>;
  readonly environment?: Readonly<Record<string, string>>;
  readonly permissions: readonly Permission[];
}

/** A command whose flags are no longer known to the compiler: what a list of commands holds. */
export interface Command extends CommandFacts {
  readonly flags: Readonly<Record<string, Flag>>;
  readonly positionals: Readonly<Record<string, Positional>>;
  /** Loads the command's module and runs it with parsed arguments. */
  readonly run: (args: Readonly<Record<string, unknown>>, io: Io) => Promise<number>;
}

/**
 * Declares a command. The compiler checks that the loaded `run` takes exactly what these flags and words give.
 */
export function command<
  const F extends Readonly<Record<string, Flag>>,
  const P extends Readonly<Record<string, Positional>>,
>(
  facts: CommandFacts & {
    readonly flags: F;
    readonly positionals?: P;
    readonly load: () => Promise<(args: ArgsOf<F, P>, io: Io) => Promise<number>>;
  },
): Command {
  const { load, positionals, ...rest } = facts;
  return {
    ...rest,
    positionals: positionals ?? {},
    // The parser builds the arguments from these very flags and words: see parse.ts.
    run: async (args, io) => await (await load())(args as ArgsOf<F, P>, io),
  };
}

/** `noProgress` -> `--no-progress` */
export function flagName(name: string): string {
  return `--${name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}

/** `--config FILE`, `--role lab-host|receiver`, `--json` */
export function flagUsage(name: string, flag: Flag): string {
  switch (flag.kind) {
    case "switch":
      return flagName(name);
    case "text":
      return `${flagName(name)} ${flag.value}`;
    case "choice":
      return `${flagName(name)} ${flag.choices.join("|")}`;
    case "duration":
      return `${flagName(name)} DURATION`;
  }
}

/** The line after `usage:`. */
export function usage(command: Command): string {
  const oneOf = command.oneOf ?? [];
  const single = Object.entries(command.flags)
    .filter(([name]) => !oneOf.includes(name))
    .map(([name, flag]) => `[${flagUsage(name, flag)}]`);
  const words = Object.values(command.positionals).map(({ value, count }) =>
    count === "one" ? value : count === "optional" ? `[${value}]` : `[${value}…]`
  );
  return [
    "cis490",
    ...command.path,
    ...(oneOf.length > 0 ? [`[${oneOf.map(flagName).join(" | ")}]`] : []),
    ...single,
    ...words,
  ].join(" ");
}
