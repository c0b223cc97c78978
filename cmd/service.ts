/** What the commands have in common that systemd runs: the journal, sd_notify(3), the watchdog. */
import { createLog, type Log, thinLog } from "../lib/events/mod.ts";
import {
  createEvidence,
  createNotifier,
  type Evidence,
  findNotifyAddress,
  findWatchdogMs,
  type Notifier,
  type NotifyAddress,
  type NotifyEnvironment,
  openDatagram,
  type ServiceManager,
  systemClock,
} from "../lib/sys/mod.ts";
import type { Io } from "./print.ts";

export interface Service {
  readonly log: Log;
  readonly notifier: Notifier;
  readonly evidence: Evidence;
  /** How long systemd waits for a sign of life; undefined when it does not. */
  readonly watchdogMs: number | undefined;
  /** Says what the log left out, and closes the socket. */
  close(): void;
}

/** Needs the C library, which may be given up afterwards. A NOTIFY_SOCKET out of reach is logged, and the work goes on. */
export function openService(io: Io): Service {
  const { log, flush } = thinLog(systemClock, createLog(io.stderr, { priority: io.isJournal }));
  const environment: NotifyEnvironment = {
    NOTIFY_SOCKET: io.environment("NOTIFY_SOCKET"),
    WATCHDOG_USEC: io.environment("WATCHDOG_USEC"),
    WATCHDOG_PID: io.environment("WATCHDOG_PID"),
  };
  const manager = tryOpen(findNotifyAddress(environment), log);
  const notifier = createNotifier(manager);
  const watchdogMs = findWatchdogMs(environment, Deno.pid);
  const feed = () => notifier.watchdog();
  return {
    log,
    notifier,
    evidence: createEvidence(systemClock, { watchdogMs, feed }),
    watchdogMs,
    close() {
      flush();
      manager?.close();
    },
  };
}

function tryOpen(
  address: NotifyAddress | undefined,
  log: Log,
): ServiceManager | undefined {
  if (address === undefined) return undefined;
  try {
    return openDatagram(address);
  } catch (error) {
    log("notify-impossible", { why: error instanceof Error ? error.message : String(error) });
    return undefined;
  }
}

/**
 * The longest wait between two signs of life that leaves room for the work itself: `wantedMs`, or a third of what the
 * watchdog allows, which is said then. `what` names it in a sentence.
 */
export function intervalWithin(
  { watchdogMs, log }: Pick<Service, "watchdogMs" | "log">,
  wantedMs: number,
  what: string,
): number {
  if (watchdogMs === undefined || wantedMs <= watchdogMs / 3) return wantedMs;
  log("watchdog-short", {
    watchdog_s: seconds(watchdogMs),
    wanted_s: seconds(wantedMs * 3),
    why: `since ${what} is ${seconds(wantedMs)} s, and is taken as ${seconds(watchdogMs / 3)} s`,
  });
  return watchdogMs / 3;
}

/** Says so when `what`, which is no stall, may take `mostMs`: longer than a task may stand still (evidence.ts). */
export function warnIfShort(
  { watchdogMs, log }: Pick<Service, "watchdogMs" | "log">,
  mostMs: number,
  what: string,
): void {
  if (watchdogMs === undefined || mostMs <= watchdogMs * 2 / 3) return;
  log("watchdog-short", {
    watchdog_s: seconds(watchdogMs),
    wanted_s: seconds(mostMs * 3 / 2),
    why: `since ${what} may take ${seconds(mostMs)} s`,
  });
}

/** To a tenth. */
function seconds(ms: number): number {
  return Math.round(ms / 100) / 10;
}

/** Resolves at the first of these signals, with its name. `tell` is called at once. */
export function untilStopped(tell: (signal: Deno.Signal) => void): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ["SIGTERM", "SIGINT"] as const) {
      Deno.addSignalListener(signal, () => {
        tell(signal);
        resolve();
      });
    }
  });
}
