/** What a store has, by its catalogue when that is up to date, else by the receipts. */
import { isFsError, type PlainFs } from "../sys/mod.ts";
import type { Receipt } from "../wire/mod.ts";
import { CatalogueError, type EpisodeFilter } from "./catalogue/catalogue.ts";
import { SqliteCatalogue } from "./catalogue/sqlite.ts";
import type { EpisodeName, StoreView } from "./store.ts";

export interface Listing {
  /** The oldest first. */
  readonly receipts: readonly Receipt[];
  /** What they were read from. */
  readonly source: "catalogue" | "receipts";
}

/**
 * Lists the stored episodes. The catalogue is believed when it has the very names that the store has: a receipt is never
 * replaced, so the same name is the same receipt. Throws FsError.
 */
export async function listEpisodes(
  { store, fs }: {
    readonly store: Pick<StoreView, "names" | "receipts">;
    readonly fs: Pick<PlainFs, "lstat">;
  },
  catalogue: string,
  filter: EpisodeFilter,
): Promise<Listing> {
  const names = await Array.fromAsync(store.names());
  const listed = findListed(fs, catalogue, names, filter);
  if (listed !== undefined) return { receipts: listed, source: "catalogue" };
  const receipts = (await Array.fromAsync(store.receipts())).filter((receipt) =>
    matches(receipt, filter)
  );
  return { receipts: receipts.sort(compareReceipts), source: "receipts" };
}

function findListed(
  fs: Pick<PlainFs, "lstat">,
  path: string,
  names: readonly EpisodeName[],
  filter: EpisodeFilter,
): Receipt[] | undefined {
  try {
    using catalogue = SqliteCatalogue.openToRead(path, { isInUse: hasWal(fs, path) });
    return isSame(names, catalogue.names()) ? catalogue.list(filter) : undefined;
  } catch (error) {
    // Missing, damaged, or not for this user to read: the receiver sees to it.
    if (error instanceof CatalogueError) return undefined;
    throw error;
  }
}

/** SQLite's write-ahead log lies beside a catalogue that is open, and only there. */
function hasWal(fs: Pick<PlainFs, "lstat">, path: string): boolean {
  try {
    fs.lstat(`${path}-wal`);
    return true;
  } catch (error) {
    if (isFsError(error, "gone")) return false;
    throw error;
  }
}

function isSame(names: readonly EpisodeName[], listed: readonly EpisodeName[]): boolean {
  if (names.length !== listed.length) return false;
  const known = new Set(listed.map(keyOf));
  return names.every((name) => known.has(keyOf(name)));
}

function keyOf({ host, id }: EpisodeName): string {
  return `${host}/${id}`;
}

function matches(receipt: Receipt, { host, sinceMs }: EpisodeFilter): boolean {
  return (host === undefined || receipt.host === host) &&
    (sinceMs === undefined || Date.parse(receipt.stored_at) >= sinceMs);
}

/** By time, then host and id, as the catalogue does. */
function compareReceipts(a: Receipt, b: Receipt): number {
  return Date.parse(a.stored_at) - Date.parse(b.stored_at) ||
    compare(a.host, b.host) || compare(a.id, b.id);
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
