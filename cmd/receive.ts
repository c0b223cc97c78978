/** `cis490 receive`: takes episodes until it is told to stop. */
import { readBuildInfo } from "../lib/build_info.ts";
import {
  chooseConfigFile,
  ConfigError,
  loadReceiverConfig,
  type ReceiverConfig,
  SecretError,
} from "../lib/config/mod.ts";
import type { Log } from "../lib/events/mod.ts";
import {
  askReady,
  CATALOGUE_NAME,
  checkSelf,
  createReceiver,
  keepCatalogue,
  listen,
  type ListenAddress,
  openMeter,
  openPosixStore,
  type Readiness,
  type Server,
} from "../lib/receiver/mod.ts";
import { plainFs, systemClock, watchedFs } from "../lib/sys/mod.ts";
import type { Io } from "./print.ts";
import { changeableOf, type Machine } from "./receive_parts.ts";
import { intervalWithin, openService, untilStopped } from "./service.ts";

/** Requests under way at SIGTERM have so long; the unit's TimeoutStopSec= is longer. */
const STOP_MS = 20_000;

/** Exit code 0 once it has stopped. Throws ConfigError, SecretError, FsError, ListenError. */
export async function run(args: { readonly config: string | undefined }, io: Io): Promise<number> {
  const file = receiverConfigFile(args.config, io);
  const config = await loadReceiverConfig(file);
  const { version } = readBuildInfo();
  const service = openService(io);
  // From here on it reads what others send.
  Deno.permissions.revokeSync({ name: "ffi" });
  const { log, notifier, evidence } = service;
  const fs = watchedFs(plainFs(), evidence, { readings: true });
  const machine: Machine = { fs, clock: systemClock, log };
  const store = await openPosixStore(machine, config.storeDir);
  const parts = changeableOf(config, machine, io);
  const catalogue = keepCatalogue(
    { ...machine, store },
    `${config.storeDir}/${CATALOGUE_NAME}`,
  );
  const meter = await openMeter();
  const receiver = createReceiver({ ...machine, ...parts, store, catalogue, meter, version });
  await parts.window.refresh();
  const handle = (request: Request, peer?: string) =>
    receiver.app.fetch(request, peer === undefined ? {} : { peer });
  const server = await listen({ ...machine, handle }, config.listen);

  const stopping = new AbortController();
  const stopped = untilStopped((signal) => {
    if (stopping.signal.aborted) return;
    log("stopping", { signal });
    notifier.stopping();
    stopping.abort();
  });
  Deno.addSignalListener("SIGHUP", async () => {
    notifier.reloading();
    await reload(file, config, (next) => receiver.change(changeableOf(next, machine, io)), log);
    notifier.ready();
  });
  log("receiver-started", { version, listen: server.address });
  notifier.ready();
  notifier.status(`listens on ${server.address}`);

  const maintaining = new AbortController();
  const maintenance = Promise.all([
    receiver.maintain(maintaining.signal),
    checkSelf(
      {
        ...machine,
        ask: (signal) => askReady(addressOf(server, config), signal),
        answered(readiness) {
          evidence.beat();
          notifier.status(statusOf(server, readiness));
        },
      },
      {
        intervalMs: intervalWithin(service, SELF_CHECK_MS, "the interval of the self-check"),
        deadlineMs: Math.min(LONGEST_SILENCE_MS, (service.watchdogMs ?? Infinity) * 2 / 3),
      },
      maintaining.signal,
    ),
  ]);
  // Maintenance only ends before a signal by a bug, which must not go unseen.
  await Promise.race([stopped, maintenance]);
  await server.stop(STOP_MS);
  maintaining.abort();
  await maintenance;
  service.close();
  return 0;
}

/** How often it looks at itself. */
const SELF_CHECK_MS = 30_000;
/** A disk that syncs a large upload may keep the check waiting. */
const LONGEST_SILENCE_MS = 120_000;

/** Port 0 is a free one. */
function addressOf({ address }: Server, { listen }: ReceiverConfig): ListenAddress {
  if (listen.transport === "unix") return listen;
  return { ...listen, port: Number(address.slice(address.lastIndexOf(":") + 1)) };
}

function statusOf({ address }: Server, { ready, reasons }: Readiness): string {
  return ready ? `listens on ${address}, ready` : `listens on ${address}; ${reasons.join("; ")}`;
}

/** Reads the configuration again; one that can't be used changes nothing, and is told with all its errors. */
async function reload(
  file: string,
  running: ReceiverConfig,
  change: (next: ReceiverConfig) => void,
  log: Log,
): Promise<void> {
  try {
    const next = await loadReceiverConfig(file);
    const fixed = ({ listen, storeDir }: ReceiverConfig) => JSON.stringify({ listen, storeDir });
    if (fixed(next) !== fixed(running)) {
      const why = "listen and store_dir need a restart: systemctl restart cis490-receiver";
      log("reload-refused", { file, why });
      return;
    }
    change(next);
    log("reloaded", { file });
  } catch (error) {
    if (!(error instanceof ConfigError || error instanceof SecretError)) throw error;
    log("reload-refused", { file, why: error.message });
  }
}

/** `--config`, CIS490_CONFIG, or the usual place. */
export function receiverConfigFile(
  flag: string | undefined,
  io: Pick<Io, "environment">,
): string {
  return chooseConfigFile("receiver", { flag, environment: io.environment("CIS490_CONFIG") });
}
