/**
 * Keeps the catalogue up to date beside a running receiver. At the start, and whenever something went wrong, it looks
 * through all receipts, a few at a time so that requests are served meanwhile; in between it writes down what was noted.
 * Whatever is wrong with the catalogue costs the catalogue alone.
 */
import type { Log } from "../../events/mod.ts";
import { type Clock, isFsError, type PlainFs, unlinkIfThere } from "../../sys/mod.ts";
import type { Receipt } from "../../wire/mod.ts";
import type { StoreView } from "../store.ts";
import { type Catalogue, CatalogueError, type HostTotals } from "./catalogue.ts";
import { SqliteCatalogue } from "./sqlite.ts";

export interface CatalogueParts {
  readonly store: Pick<StoreView, "names" | "find">;
  readonly fs: Pick<PlainFs, "lstat" | "unlink">;
  readonly clock: Clock;
  readonly log: Log;
}

/** Receipts are written down so long after they were noted, with those that came meanwhile. */
const FLUSH_DELAY_MS = 1000;
/** After a failure it is tried again, and the file's name looked at, so often. */
const LOOK_INTERVAL_MS = 60_000;
/** Receipts read, and rows written, before other work gets its turn: a few milliseconds. */
const SLICE = 100;
/** More are not kept in memory: then the receipts are looked through again. */
const MOST_NOTED = 10_000;

/** Keeps the catalogue in the file `path`. Nothing is opened before it runs. */
export function keepCatalogue(parts: CatalogueParts, path: string): Catalogue {
  return new Keeper(parts, path);
}

interface Open {
  readonly database: SqliteCatalogue;
  readonly inode: bigint;
  round: number;
}

class Keeper implements Catalogue {
  #open: Open | undefined;
  #noted: Receipt[] = [];
  /** The receipts must be looked through: rows may be missing, or left over. */
  #isBehind = true;
  /** Monotonic milliseconds. */
  #nextLookMs = -Infinity;
  #lastFailure: string | undefined;
  /** Ends a rest: there is something to do. */
  #wake: (() => void) | undefined;

  constructor(private readonly parts: CatalogueParts, private readonly path: string) {}

  note(receipt: Receipt): void {
    if (this.#noted.length < MOST_NOTED) {
      this.#noted.push(receipt);
    } else {
      this.#noted = [];
      this.#isBehind = true;
    }
    this.#wake?.();
  }

  findTotals(): readonly HostTotals[] | undefined {
    if (this.#open === undefined || this.#isBehind) return undefined;
    try {
      return this.#open.database.totals();
    } catch (error) {
      if (!(error instanceof CatalogueError)) throw error;
      this.#isBehind = true;
      this.#wake?.();
      return undefined;
    }
  }

  async run(signal: AbortSignal): Promise<void> {
    try {
      while (!signal.aborted) {
        await this.#attempt(() => this.#bringUpToDate(signal));
        await this.#rest(signal);
      }
      await this.#attempt(() => this.#writeNoted());
    } finally {
      this.#close();
    }
  }

  /** Until something is to be done, or looked at again: a receiver that nobody asks must not wake a processor each second. */
  async #rest(signal: AbortSignal): Promise<void> {
    const { clock } = this.parts;
    if (!this.#hasWork()) {
      const awake = new AbortController();
      this.#wake = () => awake.abort();
      await clock.sleep(
        Math.max(0, this.#nextLookMs - clock.monotonic()),
        AbortSignal.any([signal, awake.signal]),
      );
      this.#wake = undefined;
    }
    await clock.sleep(FLUSH_DELAY_MS, signal);
  }

  #hasWork(): boolean {
    return this.#open !== undefined && (this.#isBehind || this.#noted.length > 0);
  }

  async #attempt(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      await this.#fail(error);
    }
  }

  async #bringUpToDate(signal: AbortSignal): Promise<void> {
    const { clock, fs } = this.parts;
    const isTime = clock.monotonic() >= this.#nextLookMs;
    if (this.#open === undefined && !isTime) return;
    if (isTime) {
      this.#nextLookMs = clock.monotonic() + LOOK_INTERVAL_MS;
      // Deleted, or put in its place from a backup: what is open has no name any more.
      if (this.#open !== undefined && inodeOf(fs, this.path) !== this.#open.inode) this.#close();
    }
    this.#open ??= this.#openAnew();
    if (this.#isBehind) await this.#lookThrough(this.#open, signal);
    await this.#writeNoted();
    this.#lastFailure = undefined;
  }

  #openAnew(): Open {
    this.#isBehind = true;
    const database = SqliteCatalogue.openToWrite(this.path);
    const inode = inodeOf(this.parts.fs, this.path);
    if (inode === undefined) {
      database.close();
      throw new CatalogueError("unusable", this.path, `${this.path} was removed while it was made`);
    }
    return { database, inode, round: database.lastRound() };
  }

  async #lookThrough(open: Open, signal: AbortSignal): Promise<void> {
    const { store, clock, log } = this.parts;
    const startedMs = clock.monotonic();
    // What is noted from here on is written after this look, which may not meet it any more.
    this.#isBehind = false;
    open.round++;
    let found: Receipt[] = [];
    let episodes = 0;
    for await (const { host, id } of store.names()) {
      const receipt = await store.find(host, id).catch((error) => {
        // One that can't be read is none that could be listed; a scrub tells.
        if (isFsError(error)) return undefined;
        throw error;
      });
      if (receipt !== undefined) found.push(receipt);
      if (found.length < SLICE) continue;
      episodes += found.length;
      open.database.put(found, open.round);
      found = [];
      await clock.sleep(0, signal);
      if (signal.aborted) return void (this.#isBehind = true);
    }
    open.database.put(found, open.round);
    const removed = open.database.removeBefore(open.round);
    const ms = Math.round(clock.monotonic() - startedMs);
    log("catalogue-checked", { episodes: episodes + found.length, removed, ms });
  }

  async #writeNoted(): Promise<void> {
    while (this.#open !== undefined && this.#noted.length > 0) {
      const some = this.#noted.slice(0, SLICE);
      this.#open.database.put(some, this.#open.round);
      this.#noted.splice(0, some.length);
      await this.parts.clock.sleep(0);
    }
  }

  async #fail(error: unknown): Promise<void> {
    if (!(error instanceof CatalogueError || isFsError(error))) throw error;
    const { log, fs } = this.parts;
    this.#close();
    this.#nextLookMs = this.parts.clock.monotonic() + LOOK_INTERVAL_MS;
    if (this.#lastFailure !== error.message) {
      log("catalogue-failed", { path: this.path, why: error.message });
    }
    this.#lastFailure = error.message;
    if (error.code !== "damaged") return;
    try {
      for (const suffix of ["", "-wal", "-shm"]) await unlinkIfThere(fs, this.path + suffix);
      // It can be made anew at once.
      this.#nextLookMs = -Infinity;
    } catch (failure) {
      if (!isFsError(failure)) throw failure;
    }
  }

  #close(): void {
    try {
      this.#open?.database.close();
    } catch (error) {
      // Nothing is lost: it is compared with the receipts when it is opened again.
      if (!(error instanceof CatalogueError)) throw error;
    }
    this.#open = undefined;
    this.#isBehind = true;
  }
}

function inodeOf(fs: Pick<PlainFs, "lstat">, path: string): bigint | undefined {
  try {
    return fs.lstat(path).inode;
  } catch (error) {
    if (isFsError(error, "gone")) return undefined;
    throw error;
  }
}
