/**
 * A receiver that nobody sends anything to looks at itself: a request on its own socket, which has the store write, sync
 * and remove something small. An answer that came in time is evidence of work, even when it says that the disk is full;
 * silence is not.
 */
import type { Log } from "../events/mod.ts";
import type { Clock } from "../sys/mod.ts";
import { READY_PATH } from "../wire/mod.ts";
import type { ListenAddress } from "./server.ts";

export interface SelfCheckParts {
  readonly clock: Pick<Clock, "sleep">;
  readonly log: Log;
  /** `GET /readyz` on the own socket. Rejects when nobody answers there. */
  readonly ask: (signal: AbortSignal) => Promise<Readiness>;
  /** An answer came in time. Must not throw. */
  readonly answered: (readiness: Readiness) => void;
}

export interface SelfCheckOptions {
  readonly intervalMs: number;
  /** After so long silence is silence. */
  readonly deadlineMs: number;
}

/** The body of `/readyz`. */
export interface Readiness {
  readonly ready: boolean;
  readonly reasons: readonly string[];
}

/** Checks at once, and then at every interval until `signal` is aborted. */
export async function checkSelf(
  { clock, log, ask, answered }: SelfCheckParts,
  { intervalMs, deadlineMs }: SelfCheckOptions,
  signal: AbortSignal,
): Promise<void> {
  let isSilent = false;
  while (!signal.aborted) {
    try {
      const late = AbortSignal.timeout(deadlineMs);
      answered(await ask(AbortSignal.any([signal, late])));
      isSilent = false;
    } catch (error) {
      // Once: the watchdog decides what comes of it.
      if (!isSilent && !signal.aborted) {
        log("self-check-failed", { why: error instanceof Error ? error.message : String(error) });
      }
      isSilent = true;
    }
    await clock.sleep(intervalMs, signal);
  }
}

const ANSWER_LIMIT_BYTES = 64 * 1024;

/** `GET /readyz`. Rejects when no receiver answers there. */
export async function askReady(address: ListenAddress, signal: AbortSignal): Promise<Readiness> {
  return parseReadiness(await askOwnSocket(address, READY_PATH, signal));
}

/**
 * The body of what is answered to a GET, over a connection of its own, as any client would have to ask. Rejects with what
 * Deno.connect does, and when `signal` is aborted before the end.
 */
export async function askOwnSocket(
  address: ListenAddress,
  path: string,
  signal: AbortSignal,
): Promise<string> {
  using connection = address.transport === "unix"
    ? await Deno.connect({ transport: "unix", path: address.path })
    : await Deno.connect({ hostname: address.hostname, port: address.port });
  const { promise: late, reject } = Promise.withResolvers<never>();
  const giveUp = () => reject(new Error("no answer on the own socket"));
  signal.addEventListener("abort", giveUp, { once: true });
  // It may come after the answer.
  late.catch(() => {});
  try {
    // HTTP/1.0: the body ends with the connection, and is in no chunks (RFC 9112, section 6).
    const request = new TextEncoder().encode(`GET ${path} HTTP/1.0\r\nHost: self\r\n\r\n`);
    await Promise.race([connection.write(request), late]);
    let text = "";
    const decoder = new TextDecoder();
    const buffer = new Uint8Array(4096);
    while (text.length < ANSWER_LIMIT_BYTES) {
      const got = await Promise.race([connection.read(buffer), late]);
      if (got === null) break;
      text += decoder.decode(buffer.subarray(0, got), { stream: true });
    }
    return text.slice(text.indexOf("\r\n\r\n") + 4);
  } finally {
    signal.removeEventListener("abort", giveUp);
  }
}

function parseReadiness(body: string): Readiness {
  const value: unknown = JSON.parse(body);
  if (typeof value === "object" && value !== null && "ready" in value && "reasons" in value) {
    const { ready, reasons } = value;
    if (typeof ready === "boolean" && Array.isArray(reasons)) {
      return { ready, reasons: reasons.map(String) };
    }
  }
  throw new Error(`what answers on the own socket is not this receiver: ${body.slice(0, 80)}`);
}
