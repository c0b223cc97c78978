import { type Clock, systemClock } from "../sys/mod.ts";
import { type FromPacker, type FromWorker, parseFailure, type ToWorker } from "./border.ts";
import type { Packed, PackHooks, PackJob } from "./pack.ts";

/** Packs episodes in workers, so that compressing never delays a signal, a request or the watchdog. */
export interface Packer {
  /**
   * Packs as {@link pack} does, with its errors; a worker that breaks down ends its job with a plain Error.
   * Jobs beyond the number of workers wait for their turn. After `close` it rejects.
   */
  pack(job: PackJob, hooks?: PackHooks): Promise<Packed>;
  /** Ends the workers at once; partials of running jobs stay. */
  close(): void;
}

export interface PackerOptions {
  /** How many episodes are packed side by side; a worker costs about 25 MB. Started when needed, then kept. */
  readonly workers: number;
  readonly clock?: Pick<Clock, "sleep">;
  /** Another worker, for tests. */
  readonly script?: URL;
}

/** A worker that hangs in the file system does not hear an abort; after so long it is given up. */
const ABORT_GRACE_MS = 10_000;
const CLOSED = "the packer is closed";

export function createPacker(options: PackerOptions): Packer {
  return new WorkerPacker(
    options.workers,
    options.clock ?? systemClock,
    options.script ?? new URL("./pack_worker.ts", import.meta.url),
  );
}

class WorkerPacker implements Packer {
  readonly #idle: PackWorker[] = [];
  readonly #busy = new Set<PackWorker>();
  /** Jobs that wait for a worker, oldest first. */
  readonly #waiting: (() => void)[] = [];
  #isClosed = false;

  constructor(
    private readonly workers: number,
    private readonly clock: Pick<Clock, "sleep">,
    private readonly script: URL,
  ) {}

  async pack(job: PackJob, hooks: PackHooks = {}): Promise<Packed> {
    while (!this.#isClosed && this.#busy.size >= this.workers) {
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
    try {
      hooks.signal?.throwIfAborted();
      if (this.#isClosed) throw new Error(CLOSED);
      return await this.#inWorker(job, hooks);
    } finally {
      this.#waiting.shift()?.();
    }
  }

  async #inWorker(job: PackJob, hooks: PackHooks): Promise<Packed> {
    const worker = this.#idle.pop() ?? new PackWorker(this.script, this.clock);
    this.#busy.add(worker);
    hooks.onStart?.();
    try {
      return await worker.pack(job, hooks);
    } finally {
      this.#busy.delete(worker);
      if (!worker.isBroken) this.#idle.push(worker);
    }
  }

  close(): void {
    this.#isClosed = true;
    for (const worker of [...this.#idle, ...this.#busy]) worker.terminate();
    for (const wake of this.#waiting.splice(0)) wake();
  }
}

class PackWorker {
  readonly #worker: Worker;
  #isBroken = false;
  #fail: ((error: unknown) => void) | undefined;

  constructor(script: URL, private readonly clock: Pick<Clock, "sleep">) {
    this.#worker = new Worker(script, { type: "module" });
    this.#worker.onerror = (event) => {
      event.preventDefault();
      this.#break(new Error(`the pack worker broke down: ${event.message}`));
    };
  }

  /** It must not be used again. */
  get isBroken(): boolean {
    return this.#isBroken;
  }

  async pack(job: PackJob, { signal, onProgress }: PackHooks): Promise<Packed> {
    const { port1: port, port2 } = new MessageChannel();
    const done = new AbortController();
    try {
      return await new Promise<Packed>((resolve, reject) => {
        this.#fail = reject;
        port.onmessage = ({ data }: MessageEvent<FromWorker>) => {
          if (data.kind === "progress") onProgress?.(data.tarBytes);
          else if (data.kind === "packed") resolve(data.packed);
          else reject(parseFailure(data.failure, signal?.reason));
        };
        signal?.addEventListener("abort", () => {
          port.postMessage({ kind: "abort" } satisfies FromPacker);
          this.clock.sleep(ABORT_GRACE_MS, done.signal).then(() => {
            if (!done.signal.aborted) this.#break(signal.reason);
          });
        }, { once: true, signal: done.signal });
        this.#worker.postMessage(job satisfies ToWorker, [port2]);
      });
    } finally {
      done.abort();
      port.close();
    }
  }

  #break(error: unknown): void {
    this.#isBroken = true;
    this.#worker.terminate();
    this.#fail?.(error);
  }

  terminate(): void {
    this.#break(new Error(CLOSED));
  }
}
