/** What a run costs: wall time, CPU, memory, bytes on the wire. */
import { fileURLToPath } from "node:url";

const SCRIPT = fileURLToPath(new URL("measure.py", import.meta.url));

/** What a process that has ended took, with all its children. */
export interface Used {
  readonly wallS: number;
  readonly cpuS: number;
  /** Of the largest process. */
  readonly peakRssBytes: number;
}

export interface Command {
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/**
 * Runs a command to its end; what it says goes to the file `log`. The wall time ends when the file system of `directory` is
 * synced, so that nobody hides dirty pages. Throws when the command fails.
 */
export async function measure(
  { args, env = {} }: Command,
  directory: string,
  log: string,
): Promise<Used> {
  const result = await Deno.makeTempFile({ dir: directory, prefix: "measured-" });
  try {
    const line = `exec /usr/bin/python3 "$@" > "$CIS490_BENCH_LOG" 2>&1`;
    const { success } = await new Deno.Command("sh", {
      args: ["-c", line, "sh", SCRIPT, result, directory, ...args],
      env: { ...env, CIS490_BENCH_LOG: log },
      stdin: "null",
    }).output();
    const text = await Deno.readTextFile(result) || "{}";
    const { code, ...used }: Used & { readonly code?: number } = JSON.parse(text);
    if (success && code === 0) return used;
    throw new Error(`${args.slice(0, 2).join(" ")} failed: ${await Deno.readTextFile(log)}`);
  } finally {
    await Deno.remove(result);
  }
}

/** All that is dirty in the file system of `directory` goes to the disk. */
export async function syncFileSystem(directory: string): Promise<void> {
  const { success } = await new Deno.Command("sync", { args: ["-f", directory] }).output();
  if (!success) throw new Error(`sync -f ${directory} failed`);
}

/** Ticks of proc(5) a second: USER_HZ, which is part of Linux's interface to programs. */
const USER_HZ = 100;

/** The CPU that a running process and its ended children have used, in seconds; proc(5), /proc/pid/stat. */
export function cpuSecondsOf(pid: number): number {
  const text = Deno.readTextFileSync(`/proc/${pid}/stat`);
  // The name, in parentheses, may hold spaces. From the state on, utime is the 12th field.
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  return fields.slice(11, 15).reduce((sum, field) => sum + Number(field), 0) / USER_HZ;
}

/** The most memory that a running process ever had resident. */
export function peakRssBytesOf(pid: number): number {
  const status = Deno.readTextFileSync(`/proc/${pid}/status`);
  return Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1] ?? NaN) * 1024;
}

/** Bytes that went over loopback so far, with the headers of TCP and IP; in a network namespace of our own, all are ours. */
export function loopbackBytes(): number {
  const line = /^\s*lo:\s*(\d+)/m.exec(Deno.readTextFileSync("/proc/self/net/dev"));
  return Number(line?.[1] ?? NaN);
}
