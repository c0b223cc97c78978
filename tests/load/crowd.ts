/** Many clients at once, against a compiled receiver: what the scenarios of this folder have in common. */
import { type Address, connect } from "../api/http.ts";
import { TestReceiver } from "../api/receiver.ts";

export const MIB = 1024 * 1024;

export function startReceiver(): Promise<TestReceiver> {
  return TestReceiver.start({ isCompiled: true, tables: "[limits]\nmin_free_mb = 16" });
}

export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Runs `work` for 0 to `count` - 1, so many at once. */
export async function inParallel(
  count: number,
  atOnce: number,
  work: (at: number) => Promise<void>,
): Promise<void> {
  let next = 0;
  const lane = async () => {
    while (next < count) await work(next++);
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, count) }, lane));
}

/** The figures of a receiver on TCP, by `name{labels}`. */
export async function readMetrics(receiver: TestReceiver): Promise<ReadonlyMap<string, number>> {
  const { text } = await receiver.ask({ method: "GET", path: "/metrics" });
  const lines = text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  return new Map(lines.map((line): [string, number] => {
    const cut = line.lastIndexOf(" ");
    return [line.slice(0, cut), Number(line.slice(cut + 1))];
  }));
}

/** A connection that sends `atOnce`, and then `slowly` a byte every `everyMs`, until it is closed or told to stop. */
export async function drip(
  address: Address,
  { atOnce, slowly, everyMs }: {
    readonly atOnce: Uint8Array;
    readonly slowly: Uint8Array;
    readonly everyMs: number;
  },
  signal: AbortSignal,
): Promise<void> {
  const connection = await connect(address);
  try {
    for (let at = 0; at < atOnce.byteLength;) at += await connection.write(atOnce.subarray(at));
    for (let at = 0; at < slowly.byteLength && !signal.aborted; at++) {
      await connection.write(slowly.subarray(at, at + 1));
      await sleep(everyMs);
    }
  } catch (error) {
    const isClosed = error instanceof Deno.errors.BrokenPipe ||
      error instanceof Deno.errors.ConnectionReset;
    if (!isClosed) throw error;
  } finally {
    connection.close();
  }
}

/** The middle one, and the one that 95 of 100 are below. */
export function quantiles(values: readonly number[]): { median: number; p95: number } {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (q: number) =>
    sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? NaN;
  return { median: at(0.5), p95: at(0.95) };
}

export function mib(bytes: number): string {
  return `${Math.round(bytes / MIB)} MiB`;
}
