/** From the command line to facts: which roles this machine has, and what of it is given to the doctor to look at. */
import { readBuildInfo } from "../lib/build_info.ts";
import {
  ConfigError,
  type ConfigRole,
  type LabHostConfig,
  loadLabHostConfig,
  loadReceiverConfig,
  USUAL_CONFIG_FILES,
} from "../lib/config/mod.ts";
import {
  type Answered,
  type Examined,
  findLocalAccount,
  gatherLabHostFacts,
  gatherReceiverFacts,
  type LabHostParts,
  type OwnSocket,
  type Patient,
} from "../lib/doctor/mod.ts";
import { askOwnSocket, askReady, type ListenAddress } from "../lib/receiver/mod.ts";
import { plainFs, runProgram, systemClock } from "../lib/sys/mod.ts";
import { createTransport, probeReceiver } from "../lib/transport/mod.ts";
import { WINDOW_PATH } from "../lib/wire/mod.ts";
import type { DoctorArgs } from "./doctor.ts";
import type { Io } from "./print.ts";
import { realWireParts, transportOptionsOf } from "./transport.ts";

/** From here to an open connection: a host that answers nothing is dead. Long enough for a second SYN (RFC 6298, 1 s). */
const CONNECT_MS = 1300;
/** For the whole way: a link that answers slowly is no fault. */
const WAY_MS = 5000;
const OWN_SOCKET_MS = 1300;
const SINCE_MS = 10 * 60_000;

const UNITS: Readonly<Record<ConfigRole, string>> = {
  "lab-host": "cis490-shipper",
  "receiver": "cis490-receiver",
};

export async function lookAtPatient(args: DoctorArgs, io: Io): Promise<Patient> {
  const roles = chooseRoles(args, io);
  const labHostFile = roles.get("lab-host");
  const receiverFile = roles.get("receiver");
  const partsOf = (role: ConfigRole, file: string) => ({
    fs: plainFs(),
    clock: systemClock,
    run: runProgram,
    findAccount: findLocalAccount,
    build: readBuildInfo(),
    file,
    // The name is the shipper's unless the receiver alone is asked for.
    unit: roles.size === 1 || role === "lab-host" ? unitOf(args.unit, role) : UNITS[role],
    sinceMs: args.since ?? SINCE_MS,
  });
  const [labHost, receiver] = await Promise.all([
    labHostFile && orBadConfiguration(async () => {
      const config = await loadLabHostConfig(labHostFile);
      return await gatherLabHostFacts({
        ...partsOf("lab-host", labHostFile),
        config,
        credentialsDirectory: io.environment("CREDENTIALS_DIRECTORY"),
        probe: () => probe(config, io),
      });
    }),
    receiverFile && orBadConfiguration(async () => {
      const config = await loadReceiverConfig(receiverFile);
      const socket = ownSocket(config.listen);
      return await gatherReceiverFacts({ ...partsOf("receiver", receiverFile), config, socket });
    }),
  ]);
  return { labHost: labHost || undefined, receiver: receiver || undefined };
}

function unitOf(given: string | undefined, role: ConfigRole): string {
  return given?.replace(/\.service$/, "") ?? UNITS[role];
}

/** The role that is asked for, else each whose configuration is there; a lab host when none is. */
function chooseRoles(args: DoctorArgs, io: Io): ReadonlyMap<ConfigRole, string> {
  const named = args.config ?? io.environment("CIS490_CONFIG");
  if (named !== undefined) return new Map([[args.role ?? "lab-host", named]]);
  const roles: readonly ConfigRole[] = ["lab-host", "receiver"];
  const there = roles.filter((role) =>
    args.role === undefined ? isThere(USUAL_CONFIG_FILES[role]) : role === args.role
  );
  return new Map(
    (there.length === 0 ? ["lab-host"] as const : there)
      .map((role) => [role, USUAL_CONFIG_FILES[role]]),
  );
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

async function orBadConfiguration<Facts>(look: () => Promise<Facts>): Promise<Examined<Facts>> {
  try {
    return { kind: "facts", facts: await look() };
  } catch (error) {
    if (error instanceof ConfigError) return { kind: "bad-configuration", error };
    throw error;
  }
}

/** The way and the window side by side; nobody waits for a window when the way is closed. */
async function probe(
  config: LabHostConfig,
  io: Io,
): Promise<Awaited<ReturnType<LabHostParts["probe"]>>> {
  const options = transportOptionsOf(config, io);
  const late = AbortSignal.timeout(WAY_MS);
  const closed = new AbortController();
  const transport = createTransport({ ...realWireParts, fs: plainFs() }, options);
  try {
    const [report, answer] = await Promise.all([
      probeReceiver(realWireParts, options, late, CONNECT_MS).then((report) => {
        if (!report.ok) closed.abort();
        return report;
      }),
      transport.window(AbortSignal.any([late, closed.signal])),
    ]);
    return { report, window: answer.kind === "window" ? answer.window : undefined };
  } finally {
    transport.close();
  }
}

function ownSocket(listen: ListenAddress): OwnSocket {
  const ask = <T>(question: (signal: AbortSignal) => Promise<T>) => answered(question);
  return {
    ready: () => ask((signal) => askReady(listen, signal)),
    window: () => ask((signal) => askOwnSocket(listen, WINDOW_PATH, signal)),
  };
}

async function answered<T>(
  question: (signal: AbortSignal) => Promise<T>,
): Promise<Answered<T>> {
  try {
    return { kind: "answer", value: await question(AbortSignal.timeout(OWN_SOCKET_MS)) };
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    const isDenied = error instanceof Deno.errors.PermissionDenied;
    return { kind: "silent", why: error.message, isDenied };
  }
}
