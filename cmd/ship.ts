/** `cis490 ship`: one pass, or pass after pass until a signal. */
import { readBuildInfo } from "../lib/build_info.ts";
import { chooseConfigFile, type LabHostConfig, loadLabHostConfig } from "../lib/config/mod.ts";
import { createLog, type Log, type ThinLog, thinLog } from "../lib/events/mod.ts";
import { runPass } from "../lib/shipper/mod.ts";
import { systemClock } from "../lib/sys/mod.ts";
import type { Io } from "./print.ts";
import { createReport } from "./ship_report.ts";
import { openShop } from "./ship_parts.ts";

export interface ShipArgs {
  readonly config: string | undefined;
  readonly json: boolean;
  readonly noProgress: boolean;
  /** The same as neither of the others. */
  readonly once: boolean;
  readonly daemon: boolean;
  readonly now: boolean;
  readonly ping: boolean;
}

/** Throws ConfigError, QueueError, FsError. */
export async function run(args: ShipArgs, io: Io): Promise<number> {
  if (args.ping) return await (await import("./ping.ts")).run(args, io);
  const file = chooseConfigFile("lab-host", {
    flag: args.config,
    environment: io.environment("CIS490_CONFIG"),
  });
  if (args.daemon) return await (await import("./ship_daemon.ts")).run(file, io);
  const config = await loadLabHostConfig(file);
  if (args.now) return (await import("./ship_now.ts")).run(config, io);
  return await shipOnce(config, args, io);
}

/** Exit code 0 when nothing is left to do; held and not ready are not left. 1 otherwise. */
async function shipOnce(
  config: LabHostConfig,
  args: Pick<ShipArgs, "json" | "noProgress">,
  io: Io,
): Promise<number> {
  const report = createReport(io, { json: args.json, progress: !args.noProgress });
  const { log, flush } = logOf(io);
  const { shop, close } = await openShop(config, io, log, report.observer);
  const stop = new AbortController();
  const onSignal = () => stop.abort();
  for (const name of SIGNALS) Deno.addSignalListener(name, onSignal);
  try {
    shop.queue.log("shipper-started", {
      version: readBuildInfo().version,
      data_dir: config.dataDir,
    });
    const summary = await runPass(shop, stop.signal);
    return report.finish(summary, stop.signal.aborted);
  } finally {
    for (const name of SIGNALS) Deno.removeSignalListener(name, onSignal);
    close();
    flush();
  }
}

const SIGNALS = ["SIGINT", "SIGTERM"] as const;

/** A timer's pass tells the journal what a person is told by the report. */
function logOf(io: Io): ThinLog {
  const log: Log = io.isJournal ? createLog(io.stderr, { priority: true }) : () => {};
  return thinLog(systemClock, log);
}
