/**
 * Syncs of a directory that several callers share (group commit): who comes while one runs waits for the next, and all who
 * wait have that one together. A sync counts only for what was done before it began.
 */
export class SharedSyncs {
  readonly #running = new Map<string, Promise<void>>();
  readonly #next = new Map<string, Promise<void>>();

  constructor(private readonly syncNow: (path: string) => Promise<void>) {}

  /** What was done in `path` before the call is on the disk when it returns. Throws what the sync throws. */
  sync(path: string): Promise<void> {
    const next = this.#next.get(path);
    if (next !== undefined) return next;
    const running = this.#running.get(path);
    if (running === undefined) return this.#begin(path);
    const begin = () => {
      this.#next.delete(path);
      return this.#begin(path);
    };
    // Whether the one before failed is for those to know who waited for it.
    const shared = running.then(begin, begin);
    this.#next.set(path, shared);
    return shared;
  }

  #begin(path: string): Promise<void> {
    const running = this.syncNow(path).finally(() => this.#running.delete(path));
    this.#running.set(path, running);
    return running;
  }
}
