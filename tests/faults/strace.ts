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
   * The error met the runtime's own wake-up between its threads, an eventfd(2), which no disk and no network makes fail: a
   * thread of the runtime panics, and what waits for it waits for ever. (A daemon's watchdog ends that.)
   */
  readonly metWakeUp: boolean;
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
  const perThread = new Map<string, number>();
  const most = new Map<string, number>();
  for (const line of (await Deno.readTextFile(log)).split("\n")) {
    // "1234  openat(AT_FDCWD, …" — a resumed call was counted when it began.
    const match = /^(\d+)\s+([a-z_0-9]+)\(/.exec(line);
    if (match === null) continue;
    const [, thread = "", call = ""] = match;
    const count = (perThread.get(`${thread} ${call}`) ?? 0) + 1;
    perThread.set(`${thread} ${call}`, count);
    most.set(call, Math.max(most.get(call) ?? 0, count));
  }
  await Deno.remove(log);
  return most;
}

/** `?name` lets strace pass over a call that this architecture does not have. */
function available(systemCalls: readonly string[]): string {
  return systemCalls.map((call) => `?${call}`).join(",");
}

/** What an eventfd is told: eight bytes, the number one. */
const WAKE_UP = /write\(\d+, "\\1(\\0){7}", 8\) .*\(INJECTED\)/;

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
  return {
    code: output.code,
    signal: output.signal,
    stderr: new TextDecoder().decode(output.stderr),
    hung,
    metWakeUp: WAKE_UP.test(trace),
    // strace ends as the command did, by the same signal.
    hit: fault.inject === "signal=KILL"
      ? output.signal === "SIGKILL"
      : trace.includes("(INJECTED)"),
  };
}
