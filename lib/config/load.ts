/** From a file to a configuration that can be relied on, or to everything that is wrong with it. */
import { parse, TomlError } from "smol-toml";
import * as v from "valibot";
import {
  ConfigError,
  type ConfigFault,
  describeIssues,
  findUnknownKeys,
  type Unplaced,
} from "./faults.ts";
import { type LabHostConfig, labHostKeys, labHostSchema } from "./lab_host.ts";
import { type ReceiverConfig, receiverKeys, receiverSchema } from "./receiver.ts";

/** A configuration, or all that is wrong with it: for a caller that goes on in both cases. */
export type Parsed<Config> =
  | { readonly kind: "config"; readonly config: Config }
  | { readonly kind: "faults"; readonly faults: readonly ConfigFault[] };

/** Where the files are when nothing says otherwise. */
export const USUAL_CONFIG_FILES = {
  "lab-host": "/etc/cis490/lab-host.toml",
  "receiver": "/etc/cis490/receiver.toml",
} as const;
export type ConfigRole = keyof typeof USUAL_CONFIG_FILES;

/** `--config`, else CIS490_CONFIG unless it is empty, else the usual place. */
export function chooseConfigFile(
  role: ConfigRole,
  given: { readonly flag: string | undefined; readonly environment: string | undefined },
): string {
  return given.flag ?? (given.environment || USUAL_CONFIG_FILES[role]);
}

/** @throws ConfigError */
export async function loadLabHostConfig(file: string): Promise<LabHostConfig> {
  return orThrow(file, await parseLabHostConfig(readConfigFile(file)));
}

/** @throws ConfigError */
export async function loadReceiverConfig(file: string): Promise<ReceiverConfig> {
  return orThrow(file, await parseReceiverConfig(readConfigFile(file)));
}

export function parseLabHostConfig(document: string): Promise<Parsed<LabHostConfig>> {
  return parseConfig(document, labHostKeys, labHostSchema);
}

export function parseReceiverConfig(document: string): Promise<Parsed<ReceiverConfig>> {
  return parseConfig(document, receiverKeys, receiverSchema);
}

async function parseConfig<Config>(
  document: string,
  keys: v.GenericSchema,
  schema: v.GenericSchema<unknown, Config>,
): Promise<Parsed<Config>> {
  let table: unknown;
  try {
    table = parse(document);
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    return { kind: "faults", faults: [syntaxFault(error)] };
  }
  const result = v.safeParse(schema, table);
  const unplaced = [
    ...findUnknownKeys(keys, table),
    ...(result.success ? [] : describeIssues(keys, result.issues)),
  ];
  if (result.success && unplaced.length === 0) return { kind: "config", config: result.output };
  return { kind: "faults", faults: await placeFaults(document, unplaced) };
}

/** Adds the lines, and sorts by them; what has none comes last. */
async function placeFaults(
  document: string,
  unplaced: readonly Unplaced[],
): Promise<ConfigFault[]> {
  const { locateKeys } = await import("./locate.ts");
  const lines = locateKeys(document);
  return unplaced
    .map(({ path, what }) => ({ line: findLine(lines, path), key: path.join("."), what }))
    .sort((a, b) => (a.line ?? Number.MAX_VALUE) - (b.line ?? Number.MAX_VALUE));
}

/** The items of a list have no lines of their own: the line of the key is near. */
function findLine(
  lines: ReadonlyMap<string, number>,
  path: readonly string[],
): number | undefined {
  const isItem = /^\d+$/.test(path.at(-1) ?? "");
  return lines.get((isItem ? path.slice(0, -1) : path).join("\0"));
}

/** The parser's message without its quotation of the file, which may hold a secret. */
function syntaxFault(error: TomlError): ConfigFault {
  const [first = ""] = error.message.split("\n");
  const what = first.replace(/^Invalid TOML document: /, "");
  return { line: error.line, key: "", what: `column ${error.column}: not TOML: ${what}` };
}

function orThrow<Config>(file: string, parsed: Parsed<Config>): Config {
  if (parsed.kind === "faults") throw new ConfigError(file, parsed.faults);
  return parsed.config;
}

/** @throws ConfigError when there is no such file, it can't be read, or it is not UTF-8 */
export function readConfigFile(file: string): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(Deno.readFileSync(file));
  } catch (cause) {
    const { unreadable, what } = whyUnreadable(cause);
    throw new ConfigError(file, [{ line: undefined, key: "", what }], unreadable, { cause });
  }
}

function whyUnreadable(
  error: unknown,
): { readonly unreadable: "missing" | "denied" | "other"; readonly what: string } {
  if (error instanceof Deno.errors.NotFound) {
    const what = "no such file; name another with --config or CIS490_CONFIG";
    return { unreadable: "missing", what };
  }
  if (error instanceof Deno.errors.PermissionDenied) {
    const what = "this user may not read it; run as root or as the user cis490";
    return { unreadable: "denied", what };
  }
  if (error instanceof TypeError) return { unreadable: "other", what: "not UTF-8, so not TOML" };
  if (error instanceof Error) return { unreadable: "other", what: error.message };
  throw error;
}
