/**
 * Places for work that is done for hosts. A place that becomes free goes to the host that was served longest ago, however
 * many of another one's wait: who has five hundred uploads is served as often as who has one.
 */
import { setImmediate } from "node:timers";
import type { HostId } from "../episode/mod.ts";

export interface FairPlacesOptions {
  /** Taken at once, by all hosts together. */
  readonly places: number;
  /** Taken at once, by one host. */
  readonly perHost: number;
}

export class FairPlaces {
  /** Who waits, by host; the host that was served longest ago is the first. */
  readonly #waiting = new Map<HostId, (() => void)[]>();
  readonly #taken = new Map<HostId, number>();
  #busy = 0;

  constructor(private readonly options: FairPlacesOptions) {}

  /** Work that has a place or waits for one. */
  get underWay(): number {
    let count = this.#busy;
    for (const waiting of this.#waiting.values()) count += waiting.length;
    return count;
  }

  /** Waits for a place, and runs `work` in it. Throws `signal`'s reason when it is aborted while waiting. */
  async run<T>(host: HostId, work: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    await this.#take(host, signal);
    try {
      return await work();
    } finally {
      this.#giveBack(host);
    }
  }

  /**
   * Between two steps of work that has a place: lets others go on while other hosts have work, so that all of one host's
   * together do a step in the time in which another's single one does.
   */
  async pause(host: HostId): Promise<void> {
    for (let turn = 1; turn < (this.#taken.get(host) ?? 0) && this.#taken.size > 1; turn++) {
      await new Promise<void>((resolve) => setImmediate(resolve));
    }
  }

  async #take(host: HostId, signal?: AbortSignal): Promise<void> {
    // Whoever waits is before those who come now, but only for a place that it may have.
    if (this.#mayHave(host) && !this.#waiting.has(host)) return this.#occupy(host);
    signal?.throwIfAborted();
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const waiting = this.#waiting.get(host) ?? [];
    this.#waiting.set(host, waiting);
    waiting.push(resolve);
    const leave = () => {
      const at = waiting.indexOf(resolve);
      if (at < 0) return;
      waiting.splice(at, 1);
      if (waiting.length === 0) this.#waiting.delete(host);
      reject(signal?.reason);
    };
    signal?.addEventListener("abort", leave);
    await promise.finally(() => signal?.removeEventListener("abort", leave));
  }

  #mayHave(host: HostId): boolean {
    const { places, perHost } = this.options;
    return this.#busy < places && (this.#taken.get(host) ?? 0) < perHost;
  }

  #occupy(host: HostId): void {
    this.#busy++;
    this.#taken.set(host, (this.#taken.get(host) ?? 0) + 1);
  }

  #giveBack(host: HostId): void {
    this.#busy--;
    const left = (this.#taken.get(host) ?? 0) - 1;
    if (left > 0) this.#taken.set(host, left);
    else this.#taken.delete(host);
    for (const [next, waiting] of this.#waiting) {
      if (!this.#mayHave(next)) continue;
      const start = waiting.shift();
      // To the end of the line; a host without anybody waiting leaves it.
      this.#waiting.delete(next);
      if (waiting.length > 0) this.#waiting.set(next, waiting);
      this.#occupy(next);
      start?.();
      return;
    }
  }
}
