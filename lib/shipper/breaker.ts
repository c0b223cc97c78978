/** One outage is one backoff for the receiver, not one per episode. */
import type { EpisodeId } from "../episode/mod.ts";
import type { Log } from "../events/mod.ts";
import { waitMs } from "../queue/mod.ts";
import type { Clock, Random } from "../sys/mod.ts";
import type { Outcome } from "./outcomes.ts";

/** So many different episodes in a row that fail for their own part are no accident. */
const STREAK = 3;

/** How often this host's own files are looked at when they are not ready: no request is made for that. */
const LOCAL_LOOK_MS = 5_000;

export class Breaker {
  #open: { readonly outcome: Outcome; readonly probeAtMs: number } | undefined;
  #tries = 0;
  readonly #streak = new Set<EpisodeId>();

  constructor(
    private readonly clock: Pick<Clock, "monotonic">,
    private readonly random: Random,
    private readonly log: Log,
  ) {}

  /** What opened it; undefined while it is closed and requests may go out. */
  get reason(): Outcome | undefined {
    return this.#open?.outcome;
  }

  /** Milliseconds until a probe may ask; undefined while it is closed. */
  get probeInMs(): number | undefined {
    return this.#open && Math.max(0, this.#open.probeAtMs - this.clock.monotonic());
  }

  /** A probe may ask now, whatever the schedule. */
  hurry(): void {
    if (this.#open !== undefined) this.#open = { ...this.#open, probeAtMs: -Infinity };
  }

  /** Learns from what a request for `id`, or for no episode, ended with. */
  note(outcome: Outcome, id?: EpisodeId): void {
    if (outcome.scope === "receiver") return this.#trip(outcome);
    if (outcome.outcome !== "transient") return this.close();
    if (id === undefined || (outcome.status ?? 0) < 500 || outcome.code === "commit-unknown") {
      return;
    }
    if (outcome.code === "verifying") return;
    this.#streak.add(id);
    if (this.#streak.size >= STREAK) this.#trip(outcome);
  }

  #trip(outcome: Outcome): void {
    this.#open = { outcome, probeAtMs: this.clock.monotonic() + this.#waitMs(outcome) };
    this.#streak.clear();
    this.#say(outcome);
  }

  #waitMs(outcome: Outcome): number {
    if (outcome.isLocal) return LOCAL_LOOK_MS;
    this.#tries++;
    const schedule = outcome.outcome === "paused" ? "slow" : "backoff";
    return waitMs(this.random, schedule, this.#tries, outcome.retryAfterMs);
  }

  #say(outcome: Outcome): void {
    const { code, detail, status, remediation } = outcome;
    if (outcome.outcome === "paused") this.log("paused", { code, status, detail, remediation });
    else this.log("receiver-away", { code, status, detail, remediation });
  }

  /** Bytes got through: should the connection be cut again, the link is poor, not away. */
  moved(): void {
    this.#tries = 0;
  }

  /** The receiver took something, or refused it for its own sake: whatever was wrong is over. */
  close(): void {
    this.probed();
    this.#tries = 0;
  }

  /**
   * A ping was answered: requests may go out again. Should they fail, the wait is longer than before, for a ping that gets
   * through proves little.
   */
  probed(): void {
    if (this.#open !== undefined) this.log("receiver-back", { after: this.#open.outcome.code });
    this.#open = undefined;
    this.#streak.clear();
  }
}
