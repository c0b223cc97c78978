/** The body of a request as it comes: counted, and given up when nothing comes for too long. */
import type { Clock } from "../sys/mod.ts";

/** The body ended before it was whole: the client went away, fell silent or was too slow. Often no answer reaches it. */
export class BodyCut extends Error {
  override readonly name = "BodyCut";
}

export interface BodyOptions {
  readonly clock: Clock;
  /** What it should have. */
  readonly bytes: number;
  /** Without a byte for so long, it is given up. */
  readonly stallMs: number;
  /** Waited for altogether; then it is given up. */
  readonly patienceMs: number;
  /** Aborted by a newer request for the same upload, or at the end of the process. */
  readonly signal?: AbortSignal;
}

/**
 * The chunks of the body, of `bytes` in all. Throws {@link BodyCut}; `signal`'s reason when it is aborted. Leaving early
 * cancels the body.
 */
export async function* readBody(
  request: Request,
  { clock, bytes, stallMs, patienceMs, signal }: BodyOptions,
): AsyncGenerator<Uint8Array> {
  let leftBytes = bytes;
  const tooSlow = () => new BodyCut(`${leftBytes} of ${bytes} bytes did not come in time`);
  const checkIsWhole = () => {
    if (leftBytes !== 0) throw new BodyCut(`${leftBytes} of ${bytes} bytes are missing`);
  };
  if (request.body === null) return checkIsWhole();
  const reader = request.body.getReader();
  const ended = new AbortController();
  let lastMs = clock.monotonic();
  let patienceLeftMs = patienceMs;
  /** The time that the disk takes is not the client's. */
  let isWaiting = true;
  let cut: unknown;
  const stop = (why: unknown) => {
    cut ??= why;
    // Makes the read under way return; a body that is broken already rejects, which is told below.
    reader.cancel(why).catch(() => {});
  };
  const onAbort = () => stop(signal?.reason);
  signal?.addEventListener("abort", onAbort);
  if (signal?.aborted) onAbort();
  watchForStall();
  try {
    for (;;) {
      const { done, value } = await read();
      if (cut !== undefined) throw cut;
      if (done) return checkIsWhole();
      leftBytes -= value.byteLength;
      patienceLeftMs -= clock.monotonic() - lastMs;
      if (patienceLeftMs < 0) throw tooSlow();
      isWaiting = false;
      yield value;
      lastMs = clock.monotonic();
      isWaiting = true;
    }
  } finally {
    ended.abort();
    signal?.removeEventListener("abort", onAbort);
    reader.cancel().catch(() => {});
  }

  async function read() {
    try {
      return await reader.read();
    } catch (cause) {
      throw cut ?? new BodyCut("the connection broke", { cause });
    }
  }

  async function watchForStall(): Promise<void> {
    while (!ended.signal.aborted) {
      const waitedMs = isWaiting ? clock.monotonic() - lastMs : 0;
      if (waitedMs >= stallMs) return stop(new BodyCut(`no byte came for ${stallMs / 1000} s`));
      if (waitedMs >= patienceLeftMs) return stop(tooSlow());
      await clock.sleep(Math.min(stallMs, patienceLeftMs) - waitedMs, ended.signal);
    }
  }
}

/** RFC 9112, section 6.3. */
export function hasBody({ headers }: Request): boolean {
  return headers.has("transfer-encoding") || (headers.get("content-length") ?? "0") !== "0";
}

/** What is read of a body only so that the answer reaches its sender: one archive that is not sent in pieces. */
const DRAIN_LIMIT_BYTES = 4 * 1024 * 1024;
const DRAIN_PATIENCE_MS = 10_000;

/**
 * Reads what is left of a small body: a client that is still sending when the connection closes loses the answer.
 * One that waits for `100 Continue` is not sending, and a large one is not worth it.
 *
 * @returns whether nothing is left, so that the connection can be used again
 */
export async function drain(
  request: Request,
  { clock, patienceMs = DRAIN_PATIENCE_MS }: Pick<BodyOptions, "clock"> & Partial<BodyOptions>,
): Promise<boolean> {
  if (!hasBody(request)) return true;
  const { headers } = request;
  const bytes = Number(headers.get("content-length") ?? NaN);
  const isWorthIt = bytes <= DRAIN_LIMIT_BYTES && !headers.has("expect");
  if (request.bodyUsed || !isWorthIt) return false;
  try {
    const options = { clock, bytes, stallMs: patienceMs, patienceMs };
    for await (const chunk of readBody(request, options)) void chunk;
    return true;
  } catch (error) {
    if (error instanceof BodyCut) return false;
    throw error;
  }
}
