/** `cis490 doctor`: what is wrong, and the command that mends it. */
import {
  ConfigError,
  type ConfigRole,
  type Listen,
  loadLabHostConfig,
  loadReceiverConfig,
  USUAL_CONFIG_FILES,
} from "../lib/config/mod.ts";
import {
  configurationIsBad,
  configurationIsGood,
  exitCodeOf,
  gatherLabHostFacts,
  gatherReceiverFacts,
  LAB_HOST_CHECKS,
  RECEIVER_CHECKS,
  type Row,
  runChecks,
  type Severity,
} from "../lib/doctor/mod.ts";
import { plainFs, systemClock } from "../lib/sys/mod.ts";
import { probeReceiver } from "../lib/transport/mod.ts";
import { formatTable, type Io, paint, printable } from "./print.ts";
import { realWireParts, transportOptionsOf } from "./transport.ts";

interface Args {
  readonly role: ConfigRole | undefined;
  readonly config: string | undefined;
  readonly json: boolean;
}

/** What this version does not look at. Help and output say so, lest green be taken for more than it is. */
export const NOT_LOOKED_AT = [
  "the units and their watchdog",
  "the journal",
  "the window against this host's commit",
] as const;

/** For the whole way to the receiver: a slow link is no fault. */
const PROBE_TIMEOUT_MS = 5000;
const DIAL_TIMEOUT_MS = 2000;

export async function run(args: Args, io: Io): Promise<number> {
  const rows: Row[] = [];
  for (const { role, file } of chooseRoles(args, io)) rows.push(...await examine(role, file, io));
  const code = exitCodeOf(rows);
  if (args.json) {
    io.json({
      format: 1,
      exit_code: code,
      rows: rows.map((row) => ({ ...row, fix: row.fix ?? null })),
      not_looked_at: NOT_LOOKED_AT,
    });
  } else {
    for (const line of render(rows, io)) io.stdout(line);
    io.stderr(`cis490: not looked at yet: ${NOT_LOOKED_AT.join(", ")}`);
  }
  return code;
}

/** The role that is asked for, else each whose configuration is there; a lab host when none is. */
function chooseRoles(
  args: Args,
  io: Io,
): { readonly role: ConfigRole; readonly file: string }[] {
  const named = args.config ?? io.environment("CIS490_CONFIG");
  if (named !== undefined) return [{ role: args.role ?? "lab-host", file: named }];
  const roles: readonly ConfigRole[] = ["lab-host", "receiver"];
  const there = roles.filter((role) =>
    args.role === undefined ? isThere(USUAL_CONFIG_FILES[role]) : role === args.role
  );
  return (there.length === 0 ? ["lab-host"] as const : there)
    .map((role) => ({ role, file: USUAL_CONFIG_FILES[role] }));
}

async function examine(role: ConfigRole, file: string, io: Io): Promise<Row[]> {
  try {
    return role === "lab-host" ? await examineLabHost(file, io) : await examineReceiver(file);
  } catch (error) {
    if (error instanceof ConfigError) return [configurationIsBad(error)];
    throw error;
  }
}

async function examineLabHost(file: string, io: Io): Promise<Row[]> {
  const config = await loadLabHostConfig(file);
  const options = transportOptionsOf(config, io);
  const facts = await gatherLabHostFacts({
    fs: plainFs(),
    clock: systemClock,
    config,
    credentialsDirectory: io.environment("CREDENTIALS_DIRECTORY"),
    probe: () => probeReceiver(realWireParts, options, AbortSignal.timeout(PROBE_TIMEOUT_MS)),
  });
  return [configurationIsGood(file), ...runChecks(LAB_HOST_CHECKS, facts)];
}

async function examineReceiver(file: string): Promise<Row[]> {
  const config = await loadReceiverConfig(file);
  const facts = await gatherReceiverFacts({ fs: plainFs(), config, dial });
  return [configurationIsGood(file), ...runChecks(RECEIVER_CHECKS, facts)];
}

async function dial(listen: Listen): Promise<string | undefined> {
  const signal = AbortSignal.timeout(DIAL_TIMEOUT_MS);
  try {
    const connection = listen.transport === "unix"
      ? await Deno.connect({ transport: "unix", path: listen.path })
      : await Deno.connect({ hostname: listen.hostname, port: listen.port, signal });
    connection.close();
    return undefined;
  } catch (error) {
    if (error instanceof Error) return error.message;
    throw error;
  }
}

function isThere(file: string): boolean {
  try {
    Deno.statSync(file);
    return true;
  } catch (error) {
    // A directory that may not be entered hides what is in it: the loader says so.
    return !(error instanceof Deno.errors.NotFound);
  }
}

const MARKS: Readonly<
  Record<Severity, { readonly word: string; readonly color: "green" | "yellow" | "red" }>
> = {
  green: { word: "ok", color: "green" },
  yellow: { word: "WARNING", color: "yellow" },
  red: { word: "WRONG", color: "red" },
  unseen: { word: "UNSEEN", color: "yellow" },
};

function render(rows: readonly Row[], io: Io): string[] {
  const table = formatTable(
    rows.map(({ severity, title, cause }) => [MARKS[severity].word, title, printable(cause)]),
  );
  return rows.flatMap(({ severity, fix }, i) => {
    const line = paint(io, MARKS[severity].color, table[i] ?? "");
    return fix === undefined ? [line] : [line, `         fix: ${printable(fix)}`];
  });
}
