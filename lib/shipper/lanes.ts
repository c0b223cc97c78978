/**
 * Who works on what, side by side. What is offered is worked on in its order, in one of two lanes, so that small episodes
 * are not stuck behind a huge one. Lanes outlive the pass that offered: it need not wait for its slowest upload.
 */
import type { EpisodeId } from "../episode/mod.ts";
import type { State } from "./result.ts";

export type Lane = "small" | "large";

/** What is known of an episode when it is offered. */
export interface Offer {
  /** Where it stands until its turn has come. */
  readonly state: State;
  /** Its next try is to be made, whatever its record says by the time that its turn comes. */
  readonly isDue: boolean;
}

/** Works on one episode to its end in this pass. `large`: nothing was done, for it belongs to the other lane. */
export type Work = (id: EpisodeId, lane: Lane, offer: Offer) => Promise<"done" | "large">;

class Workers {
  /** In the order in which they are taken. */
  readonly waiting = new Map<EpisodeId, Offer>();
  running = 0;
  /** Aborted when nothing waits and nobody works. */
  idle = new AbortController();

  constructor(public most: number) {
    this.idle.abort();
  }
}

export class Lanes {
  readonly #lanes: Readonly<Record<Lane, Workers>>;
  readonly #inHand = new Map<EpisodeId, Offer>();
  #work: Work = () => Promise.resolve("done");
  #signal: AbortSignal = AbortSignal.abort();

  /** `workers`: so many at a time in each lane. */
  constructor(private readonly workers: Readonly<Record<Lane, number>>) {
    this.#lanes = { small: new Workers(workers.small), large: new Workers(workers.large) };
  }

  /** Episodes that a worker has in hand. */
  get inHand(): ReadonlyMap<EpisodeId, Offer> {
    return this.#inHand;
  }

  /** All that were offered and are not done with. */
  *pending(): Generator<[EpisodeId, Offer], void, void> {
    yield* this.#inHand;
    for (const { waiting } of Object.values(this.#lanes)) yield* waiting;
  }

  has(id: EpisodeId): boolean {
    const { small, large } = this.#lanes;
    return this.#inHand.has(id) || small.waiting.has(id) || large.waiting.has(id);
  }

  /** What is taken from now on is worked on by `work`, until `signal`; what is offered later, in lanes as wide as at first. */
  serve(work: Work, signal: AbortSignal): void {
    this.#work = work;
    this.#signal = signal;
    for (const lane of ["small", "large"] as const) this.#lanes[lane].most = this.workers[lane];
  }

  /** Behind what waits in that lane. One that is there already stays where it is. */
  offer(id: EpisodeId, lane: Lane, offer: Offer): void {
    if (this.has(id) || this.#signal.aborted) return;
    this.#lanes[lane].waiting.set(id, offer);
    this.#start(lane);
  }

  /** Puts what waits into the order of `ids`, and forgets what is not among them. */
  order(ids: readonly EpisodeId[]): void {
    for (const { waiting } of Object.values(this.#lanes)) {
      const before = new Map(waiting);
      waiting.clear();
      for (const id of ids) {
        const offer = before.get(id);
        if (offer !== undefined) waiting.set(id, offer);
      }
    }
  }

  /** Aborted when everything in `lane` is done with, or was given up because of the signal. */
  idle(lane: Lane): AbortSignal {
    return this.#lanes[lane].idle.signal;
  }

  /** Resolves when nothing is left in either lane. */
  async ended(): Promise<void> {
    for (const lane of ["small", "large"] as const) await untilAborted(this.idle(lane));
  }

  /** Lets so many work in `lane` until {@link serve} is called again. */
  widen(lane: Lane, workers: number): void {
    this.#lanes[lane].most = workers;
    while (this.#canStart(lane)) this.#start(lane);
  }

  #canStart(lane: Lane): boolean {
    const { running, most, waiting } = this.#lanes[lane];
    return running < most && waiting.size > 0;
  }

  #start(lane: Lane): void {
    if (!this.#canStart(lane)) return;
    const workers = this.#lanes[lane];
    if (workers.idle.signal.aborted) workers.idle = new AbortController();
    workers.running++;
    // A worker throws nothing but bugs, which are the process's to end by.
    this.#run(lane, workers);
  }

  async #run(lane: Lane, workers: Workers): Promise<void> {
    for (;;) {
      if (this.#signal.aborted) workers.waiting.clear();
      const [first] = workers.waiting;
      if (first === undefined || workers.running > workers.most) break;
      const [id, offer] = first;
      workers.waiting.delete(id);
      await this.#workOn(id, lane, offer);
    }
    workers.running--;
    if (workers.running === 0) workers.idle.abort();
  }

  async #workOn(id: EpisodeId, lane: Lane, offer: Offer): Promise<void> {
    this.#inHand.set(id, offer);
    let belongs;
    try {
      belongs = await this.#work(id, lane, offer);
    } finally {
      this.#inHand.delete(id);
    }
    if (belongs === "large" && lane === "small") this.offer(id, "large", offer);
  }
}

/** Resolves when `signal` is aborted. */
export function untilAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
