/**
 * Whether this machine's clock can be right: ages are counted by it, and what is old is deleted. A clock that was wrong at
 * boot shows no jump, so a receiver's clock is the judge.
 */
import type { Log } from "../events/mod.ts";
import type { Clock } from "../sys/mod.ts";
import type { Transport } from "../transport/mod.ts";

/** Further apart than this, one of the two is wrong. */
const TOLERANCE_MS = 10 * 60_000;
/** How long a receiver's answer counts. */
const VALID_MS = 60 * 60_000;

export class ClockCheck {
  /** When a receiver last agreed, by both of this machine's clocks. */
  #agreed: { readonly wallMs: number; readonly monotonicMs: number } | undefined;
  /** What was last said. */
  #said: string | undefined;

  constructor(
    private readonly clock: Pick<Clock, "now" | "monotonic">,
    private readonly transport: Pick<Transport, "ping">,
    private readonly log: Log,
  ) {}

  /** Whether a receiver agreed within the last hour, and the clock has not jumped since. */
  get isAgreed(): boolean {
    if (this.#agreed === undefined) return false;
    const passedMs = this.clock.monotonic() - this.#agreed.monotonicMs;
    const jumpMs = this.clock.now() - this.#agreed.wallMs - passedMs;
    return passedMs < VALID_MS && Math.abs(jumpMs) <= TOLERANCE_MS;
  }

  /** The same, and asks the receiver when it is not known. */
  async agrees(signal: AbortSignal): Promise<boolean> {
    if (this.isAgreed) return true;
    const answer = await this.transport.ping(signal);
    if (signal.aborted) return false;
    if (answer.kind !== "pong") {
      return this.#disagree(answer.kind === "refused" ? answer.name : answer.why);
    }
    const wallMs = this.clock.now();
    const { time } = answer.pong;
    const apartMs = Math.abs(Date.parse(time) - wallMs);
    if (apartMs > TOLERANCE_MS) {
      const seconds = Math.round(apartMs / 1000);
      return this.#disagree(`the receiver's clock is ${seconds} s apart; see timedatectl`);
    }
    this.#agreed = { wallMs, monotonicMs: this.clock.monotonic() };
    this.#said = undefined;
    return true;
  }

  #disagree(why: string): false {
    if (this.#said !== why) this.log("clock-unchecked", { why });
    this.#said = why;
    return false;
  }
}
