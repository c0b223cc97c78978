/**
 * One request at a time for an upload, and the newest has it: a client that asks again has given up on its older
 * request, whose connection may be dead without anybody knowing.
 */
import { Refusal, retryAfter } from "./refusal.ts";

interface Holder {
  readonly controller: AbortController;
  readonly ended: Promise<void>;
}

export class Turns {
  readonly #newest = new Map<string, Holder>();

  /**
   * Aborts the older request of `key`, waits until its writes have ended, and runs `work`, which stops soon after its
   * signal is aborted in turn.
   */
  async take<T>(key: string, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const controller = new AbortController();
    const { promise: ended, resolve: end } = Promise.withResolvers<void>();
    const older = this.#newest.get(key);
    const mine: Holder = { controller, ended };
    this.#newest.set(key, mine);
    older?.controller.abort(
      new Refusal("busy", "a newer request for the same upload took over", {
        headers: retryAfter(1),
      }),
    );
    try {
      await older?.ended;
      controller.signal.throwIfAborted();
      return await work(controller.signal);
    } finally {
      if (this.#newest.get(key) === mine) this.#newest.delete(key);
      end();
    }
  }
}
