/**
 * An index of the receipts, for lists and numbers. The receipts are the truth: a catalogue holds nothing that they do
 * not, is never asked on the way to a 201, and may be deleted at any time.
 */
import type { HostId } from "../../episode/mod.ts";
import type { Receipt } from "../../wire/mod.ts";

/** Which episodes are meant; all of them unless said. */
export interface EpisodeFilter {
  readonly host?: HostId | undefined;
  /** Stored at this time or later, in milliseconds since the epoch. */
  readonly sinceMs?: number | undefined;
}

/** What a host has in the store. */
export interface HostTotals {
  readonly host: HostId;
  readonly episodes: number;
  /** Of the archives. */
  readonly bytes: number;
  /** Of the newest, in milliseconds since the epoch. */
  readonly lastStoredMs: number;
}

/** The part of a running receiver that keeps the catalogue up to date. */
export interface Catalogue {
  /** Notes a new receipt. Costs nothing and never throws: it is written down later. */
  note(receipt: Receipt): void;
  /** What each host has; undefined while the catalogue is not up to date. */
  findTotals(): readonly HostTotals[] | undefined;
  /** Keeps it up to date until `signal` is aborted. */
  run(signal: AbortSignal): Promise<void>;
}

/** A catalogue that can't be used. */
export class CatalogueError extends Error {
  override readonly name = "CatalogueError";

  constructor(
    /** `damaged`: it is none, or of another version, and is to be made anew. `unusable`: the disk or the rights. */
    readonly code: "damaged" | "unusable",
    readonly subject: string,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}
