/**
 * Verifications of uploads that came in pieces. Each belongs to its upload, not to a request: requests attach to it,
 * wait a while, and may come back. Nothing pre-empts it.
 */
import type { Clock } from "../sys/mod.ts";
import type { HostId } from "../episode/mod.ts";
import type { FairPlaces } from "./fair_places.ts";
import { Refusal, retryAfter } from "./refusal.ts";

/** How a job ended. */
type End<T> =
  | { readonly kind: "done"; readonly value: T }
  | { readonly kind: "failed"; readonly error: unknown };

interface Job<T> {
  readonly end: Promise<End<T>>;
  /** Set once it has ended; who attaches takes it away. */
  unheard: End<T> | undefined;
}

/** Ends that nobody has asked for yet are kept for so many uploads, the oldest forgotten first. */
const UNHEARD_LIMIT = 1000;

export class Jobs<T> {
  readonly #jobs = new Map<string, Job<T>>();

  /** @param waitMs so long a request waits for the end of a job */
  constructor(
    private readonly clock: Clock,
    private readonly places: FairPlaces,
    private readonly waitMs: number,
  ) {}

  has(key: string): boolean {
    return this.#jobs.has(key);
  }

  /**
   * Starts `work` for `key` unless it is under way. Its end is kept until somebody attaches.
   *
   * @param options `hasPlace` is for work that goes on in a place which it has elsewhere: it waits for none here
   */
  start(
    key: string,
    host: HostId,
    work: () => Promise<T>,
    { hasPlace = false }: { readonly hasPlace?: boolean } = {},
  ): void {
    if (this.#jobs.has(key)) return;
    const placed = hasPlace ? work : () => this.places.run(host, work);
    const job: Job<T> = { end: this.#run(placed), unheard: undefined };
    this.#jobs.set(key, job);
    job.end.then((end) => {
      job.unheard = end;
      this.#forgetOldest();
    });
  }

  /**
   * Waits for the job of `key`, and gives or throws what it ended with; once: the next one to ask starts anew. Throws Refusal
   * `verifying` when it takes longer than a request may wait.
   */
  async attach(key: string): Promise<T> {
    const job = this.#jobs.get(key);
    if (job === undefined) throw new RangeError(`no job for ${key}`);
    const end = job.unheard ?? await this.#wait(job);
    if (end === undefined) {
      throw new Refusal("verifying", "all bytes are here and are being verified", {
        headers: retryAfter(5),
      });
    }
    if (this.#jobs.get(key) === job) this.#jobs.delete(key);
    if (end.kind === "failed") throw end.error;
    return end.value;
  }

  async #wait(job: Job<T>): Promise<End<T> | undefined> {
    const awake = new AbortController();
    try {
      return await Promise.race([
        job.end,
        this.clock.sleep(this.waitMs, awake.signal).then(() => undefined),
      ]);
    } finally {
      awake.abort();
    }
  }

  async #run(work: () => Promise<T>): Promise<End<T>> {
    try {
      return { kind: "done", value: await work() };
    } catch (error) {
      return { kind: "failed", error };
    }
  }

  #forgetOldest(): void {
    if (this.#jobs.size <= UNHEARD_LIMIT) return;
    for (const [key, job] of this.#jobs) {
      if (job.unheard === undefined) continue;
      this.#jobs.delete(key);
      return;
    }
  }
}
