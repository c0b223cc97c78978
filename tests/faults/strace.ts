/** Runs a command under strace(1), which counts its system calls or injects a fault at one of them. */

export interface Fault {
  readonly systemCall: string;
  /** The how-manieth of its kind in a thread: strace counts per thread. */
  readonly when: number;
  /** `signal=KILL`, or `error=ENOSPC` and the like. */
  readonly inject: string;
}

export interface Run {
  readonly code: number;
  readonly signal: string | null;
  readonly stderr: string;
  /** True when the fault was injected at least once. */
  readonly hit: boolean;
  /** It did not end by itself in time, and was killed. */
  readonly hung: boolean;
  /**
   * A thread of the runtime panicked, by its own words, because its wake-up of another one failed: an eventfd(2), which no
   * disk and no network makes fail. What waits for it waits for ever, or the process aborts (docs/queue.md).
   */
  readonly lostWakeUp: boolean;
}

/** The most calls of each kind that any one thread made. */
export async function countSystemCalls(
  command: readonly string[],
  systemCalls: readonly string[],
  scratch: string,
): Promise<Map<string, number>> {
  const log = `${scratch}/count.log`;
  await new Deno.Command("strace", {
    args: ["-f", "-qq", "-e", `trace=${available(systemCalls)}`, "-o", log, ...command],
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).output();
  const most = mostPerThread(await Deno.readTextFile(log));
  await Deno.remove(log);
  return most;
}

function mostPerThread(log: string): Map<string, number> {
  const perThread = new Map<string, number>();
  const most = new Map<string, number>();
  for (const line of log.split("\n")) {
    // "1234  openat(AT_FDCWD, …" — a resumed call was counted when it began.
    const match = /^(\d+)\s+([a-z_0-9]+)\(/.exec(line);
    if (match === null) continue;
    const [, thread = "", call = ""] = match;
    const count = (perThread.get(`${thread} ${call}`) ?? 0) + 1;
    perThread.set(`${thread} ${call}`, count);
    most.set(call, Math.max(most.get(call) ?? 0, count));
  }
  return most;
}

/** `?name` lets strace pass over a call that this architecture does not have. */
function available(systemCalls: readonly string[]): string {
  return systemCalls.map((call) => `?${call}`).join(",");
}

const INJECTED = /\(INJECTED\)/;
/** What tokio says before it panics; with -y strace tells which descriptor it was. */
const LOST_WAKE_UP = /failed to wake I\/O driver/;
const WAKE_UP = /^\d+ +write\(\d+<anon_inode:\[eventfd\]>, /;

/** Runs `command` with one fault. It is killed after `timeoutMs`. */
export async function runWithFault(
  command: readonly string[],
  fault: Fault,
  scratch: string,
  timeoutMs: number,
): Promise<Run> {
  const log = await Deno.makeTempFile({ dir: scratch, prefix: "strace-" });
  // A group of its own, so that what is traced is killed with its tracer.
  const child = new Deno.Command("setsid", {
    args: [
      "strace",
      "-f",
      "-qq",
      "-y",
      "-e",
      `trace=${fault.systemCall}`,
      "-e",
      "signal=none",
      "-e",
      `inject=${fault.systemCall}:${fault.inject}:when=${fault.when}`,
      "-o",
      log,
      ...command,
    ],
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).spawn();
  let hung = false;
  const timer = setTimeout(() => {
    hung = true;
    Deno.kill(-child.pid, "SIGKILL");
  }, timeoutMs);
  const output = await child.output();
  clearTimeout(timer);
  const trace = await Deno.readTextFile(log);
  await Deno.remove(log);
  const stderr = new TextDecoder().decode(output.stderr);
  const injected = injectedIn(trace);
  return {
    code: output.code,
    signal: output.signal,
    stderr,
    hung,
    lostWakeUp: isLostWakeUp(injected, stderr),
    // strace ends as the command did, by the same signal.
    hit: fault.inject === "signal=KILL" ? output.signal === "SIGKILL" : injected.length > 0,
  };
}

function injectedIn(trace: string): string[] {
  return trace.split("\n").filter((line) => INJECTED.test(line));
}

function isLostWakeUp(injected: readonly string[], stderr: string): boolean {
  return LOST_WAKE_UP.test(stderr) && injected.some((line) => WAKE_UP.test(line));
}

/** What strace saw of a process from its attachment on. */
export interface Trace {
  /** The most calls of each kind that any one thread made. */
  readonly counts: ReadonlyMap<string, number>;
  /** An error was injected. (A killed process leaves no line.) */
  readonly injected: boolean;
  /** See {@link Run}. */
  readonly lostWakeUp: boolean;
}

/** strace ends with the process; if it does not, it is ended. */
const END_MS = 10_000;

/**
 * Attaches to a running process: only to count, or to inject one fault. Calls are counted from here on. The function that it
 * resolves to tells what was traced, and is to be called, with its stderr, when it has been killed. (Asked to let go of one that is
 * being killed, strace 6.1 waits for ever.)
 */
export async function attach(
  pid: number,
  what: { readonly systemCalls: readonly string[]; readonly fault?: Fault },
  scratch: string,
): Promise<(stderr: string) => Promise<Trace>> {
  const { systemCalls, fault } = what;
  const log = await Deno.makeTempFile({ dir: scratch, prefix: "strace-" });
  const inject = fault === undefined
    ? []
    : ["-e", `inject=${fault.systemCall}:${fault.inject}:when=${fault.when}`];
  const child = new Deno.Command("strace", {
    args: ["-f", "-y", "-e", `trace=${available(systemCalls)}`, "-e", "signal=none", ...inject]
      .concat("-o", log, "-p", `${pid}`),
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).spawn();
  // "strace: Process 1234 attached with 9 threads"
  const reader = child.stderr.pipeThrough(new TextDecoderStream()).getReader();
  const { value = "" } = await reader.read();
  const rest = readToEnd(reader);
  if (!value.includes("attached")) throw new Error(`strace does not attach: ${value}`);
  return async (stderr) => {
    const timer = setTimeout(() => child.kill("SIGKILL"), END_MS);
    await child.status;
    clearTimeout(timer);
    await rest;
    const trace = await Deno.readTextFile(log);
    await Deno.remove(log);
    const injected = injectedIn(trace);
    return {
      counts: mostPerThread(trace),
      injected: injected.length > 0,
      lostWakeUp: isLostWakeUp(injected, stderr),
    };
  };
}

async function readToEnd(reader: ReadableStreamDefaultReader<string>): Promise<void> {
  while (!(await reader.read()).done);
}
