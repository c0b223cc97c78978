/** Whether Forgejo answers, and how long it may be silent before what it does not say is held against an episode. */
import type { Clock } from "../sys/mod.ts";

type State =
  /** Since the start of the process, nothing has come back, neither commits nor a failure. */
  | { readonly kind: "unasked" }
  | { readonly kind: "answers" }
  /** `sinceMs`: when the first reading failed since. `askedMs`: when the last one that failed began. */
  | { readonly kind: "silent"; readonly sinceMs: number; readonly askedMs: number };

export class Authority {
  #state: State = { kind: "unasked" };

  constructor(private readonly clock: Pick<Clock, "monotonic">, private readonly graceMs: number) {}

  answered(): void {
    this.#state = { kind: "answers" };
  }

  /** @param askedMs when that reading began, on the monotonic clock */
  failed(askedMs: number): void {
    const sinceMs = this.#state.kind === "silent" ? this.#state.sinceMs : this.clock.monotonic();
    this.#state = { kind: "silent", sinceMs, askedMs };
  }

  /** Milliseconds since it was first found silent; undefined while it answers, and before it was asked. */
  silentMs(): number | undefined {
    return this.#state.kind === "silent" ? this.clock.monotonic() - this.#state.sinceMs : undefined;
  }

  /**
   * Whether a commit that is not in the window may well be one that was pushed lately. The grace begins with the first
   * reading that failed, in this process, since the last answer. Not with that answer: Forgejo may have gone away up to
   * `refresh_s` later, and would then be given that much less time to come back. It lasts for a reading that began in it,
   * however long that took to fail: Forgejo may be back by the end of it.
   */
  mayKnowMore(): boolean {
    switch (this.#state.kind) {
      case "unasked":
        return true;
      case "answers":
        return false;
      case "silent":
        return this.#state.askedMs - this.#state.sinceMs < this.graceMs;
    }
  }
}
