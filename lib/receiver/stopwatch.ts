/** Time spent on one thing that is done in many small steps. */
import type { Clock } from "../sys/mod.ts";

export class Stopwatch {
  #totalMs = 0;

  constructor(private readonly clock: Pick<Clock, "monotonic">) {}

  get totalMs(): number {
    return this.#totalMs;
  }

  /** Runs `step`, and adds its time, also when it fails. */
  async time<T>(step: () => Promise<T>): Promise<T> {
    const startedMs = this.clock.monotonic();
    try {
      return await step();
    } finally {
      this.#totalMs += this.clock.monotonic() - startedMs;
    }
  }
}
