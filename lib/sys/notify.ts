/**
 * What a service tells systemd, sd_notify(3): datagrams of `KEY=value` lines to NOTIFY_SOCKET, no helper
 * process. Without NOTIFY_SOCKET everything here is silence.
 */

/** The socket of whoever started this process. */
export interface ServiceManager {
  /** Sends one datagram; may throw, which {@link createNotifier} swallows. */
  send(message: string): void;
  /** CLOCK_MONOTONIC in microseconds, clock_gettime(2). */
  monotonicUs(): bigint;
  close(): void;
}

export interface Notifier {
  ready(): void;
  /** A sentence for `systemctl status`. */
  status(words: string): void;
  watchdog(): void;
  stopping(): void;
  /** The configuration is being read again, as Type=notify-reload wants it told. */
  reloading(): void;
  /** Asks for `ms` more milliseconds to start or to stop. */
  extendTimeout(ms: number): void;
}

/** A notifier of `manager`; undefined is a process that no service manager started. Its methods never throw. */
export function createNotifier(
  manager: Pick<ServiceManager, "send" | "monotonicUs"> | undefined,
): Notifier {
  const say = (message: string) => {
    try {
      manager?.send(message);
    } catch {
      // The service manager's socket being full or gone is no reason to harm an episode.
    }
  };
  return {
    ready: () => say("READY=1"),
    status: (words) => say(`STATUS=${words.replaceAll(/\p{Cc}+/gu, " ")}`),
    watchdog: () => say("WATCHDOG=1"),
    stopping: () => say("STOPPING=1"),
    reloading: () => say(`RELOADING=1\nMONOTONIC_USEC=${manager?.monotonicUs()}`),
    extendTimeout: (ms) => say(`EXTEND_TIMEOUT_USEC=${Math.round(ms * 1000)}`),
  };
}

/** The environment that sd_notify(3) and sd_watchdog_enabled(3) read. */
export interface NotifyEnvironment {
  readonly NOTIFY_SOCKET?: string | undefined;
  readonly WATCHDOG_USEC?: string | undefined;
  readonly WATCHDOG_PID?: string | undefined;
}

/**
 * How long systemd waits for a WATCHDOG=1, in milliseconds; undefined when it does not, or when it means
 * another process.
 */
export function findWatchdogMs(environment: NotifyEnvironment, pid: number): number | undefined {
  const { WATCHDOG_USEC: us, WATCHDOG_PID: forPid } = environment;
  if (us === undefined || !/^[1-9][0-9]{0,17}$/.test(us)) return undefined;
  if (forPid !== undefined && forPid !== String(pid)) return undefined;
  return Number(us) / 1000;
}

/** Where to send: a path in the file system or a name in the abstract namespace, unix(7). */
export type NotifyAddress =
  | { readonly kind: "path"; readonly path: string }
  | { readonly kind: "abstract"; readonly name: string };

/** The address in NOTIFY_SOCKET; undefined when there is none, or one of a kind not spoken here. */
export function findNotifyAddress(environment: NotifyEnvironment): NotifyAddress | undefined {
  const socket = environment.NOTIFY_SOCKET ?? "";
  if (socket.startsWith("/")) return { kind: "path", path: socket };
  if (socket.startsWith("@")) return { kind: "abstract", name: socket.slice(1) };
  return undefined;
}
