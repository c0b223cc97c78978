/**
 * Where episodes are kept. A store is one implementation of {@link Store}, a line in cmd/, and the contract suite in
 * tests/contract/store.ts. One process uses a store at a time; within it, every method may be called at any moment.
 *
 * What every store promises:
 *
 * 1. The receipt is the commit point. An episode whose receipt `find` gives, or `putIfAbsent` returns, is there as a
 *    whole, and stays through a crash of the process and a power cut.
 * 2. Nothing is ever overwritten: of two writers of one name, one stores, and the other gets the first one's receipt.
 * 3. The offset of a partial counts bytes that are on the disk, and none that were not committed.
 * 4. What an interrupted request leaves behind is never taken for an episode, and `sweep` removes it.
 */
import type { Digest, EpisodeId, HostId, Stamp } from "../episode/mod.ts";
import type { Space } from "../sys/mod.ts";
import type { Receipt } from "../wire/mod.ts";

/** Names an upload: another archive of the same episode is another upload. */
export interface UploadKey {
  readonly host: HostId;
  readonly id: EpisodeId;
  readonly archiveDigest: Digest;
}

/** What a client says of the archive that it is going to send. */
export interface Announcement extends UploadKey {
  readonly archiveBytes: number;
  readonly episodeDigest: Digest;
  readonly stamp: Stamp;
}

/** An admitted upload, as much of it as has arrived. */
export interface PartialUpload extends Announcement {
  /** Bytes from the start of the archive that are on the disk. */
  readonly offsetBytes: number;
  /** Wall-clock milliseconds of its last byte, or of its announcement. */
  readonly touchedMs: number;
}

/** Bytes of one archive that arrive in one request; it has no name that anyone could find. */
export interface Incoming {
  write(bytes: Uint8Array): Promise<void>;
  /** All that was written is on the disk when it returns. */
  finish(): Promise<void>;
  /** Removes it, stored or not. Never throws: what it can't remove is swept. */
  discard(): Promise<void>;
}

/** Bytes added to a partial. One at a time for a partial: the caller sees to that. */
export interface Piece {
  write(bytes: Uint8Array): Promise<void>;
  /** The bytes are on the disk and counted by the offset when it returns. */
  commit(): Promise<PartialUpload>;
  /** Forgets what was written since `append`. Nothing after `commit`. Never throws. */
  abandon(): Promise<void>;
}

/** The bytes of an archive, from its start or from where it was opened. */
export interface Reading {
  /** Fills `into` as far as one read goes; 0 is the end. */
  read(into: Uint8Array<ArrayBuffer>): number;
  close(): void;
}

/** What became of an archive that was to be stored. */
export type Commit =
  | { readonly kind: "stored" | "already"; readonly receipt: Receipt }
  /** An archive has the name and no receipt tells what it is: it must be verified, then adopted or set aside. */
  | { readonly kind: "unreceipted" };

/** What an episode is called in a store. */
export interface EpisodeName {
  readonly host: HostId;
  readonly id: EpisodeId;
}

/**
 * A store to look at, also while another process uses it: nothing is locked, swept or changed. Every method may reject
 * with FsError: `full` and `broken` are the disk's, anything but `busy` needs a person.
 */
export interface StoreView {
  /** The receipt of a stored episode. */
  find(host: HostId, id: EpisodeId): Promise<Receipt | undefined>;
  /** The names that have a receipt, good or not, in no order: much cheaper than the receipts. */
  names(): AsyncIterable<EpisodeName>;
  /** The receipts of all stored episodes, in no order. */
  receipts(): AsyncIterable<Receipt>;
  /** Opens a stored archive, or one without a receipt. Throws FsError `gone`. */
  openArchive(host: HostId, id: EpisodeId): Reading;
}

/** What lies in a store under a name, good or not. */
export type Lying =
  | EpisodeName & {
    readonly kind: "episode";
    /** Undefined when there is none. */
    readonly receipt: Receipt | "unreadable" | undefined;
    /** Undefined when there is no archive. */
    readonly archiveBytes: number | undefined;
  }
  /** Moved out of the way by the receiver. Paths are within the store. */
  | { readonly kind: "aside"; readonly path: string }
  | { readonly kind: "stray"; readonly path: string };

/** Everything that lies in a store, for a scrub. Looking is synchronous; every method may throw FsError. */
export interface Inventory {
  inventory(): Iterable<Lying>;
  /** Undefined when neither an archive nor a receipt has this name. */
  lookAt(host: HostId, id: EpisodeId): Lying & { readonly kind: "episode" } | undefined;
  openArchive(host: HostId, id: EpisodeId): Reading;
}

/** A store in use: by one process at a time. */
export interface Store extends StoreView {
  /** A place for the bytes of one request. */
  receive(host: HostId, id: EpisodeId): Promise<Incoming>;
  /**
   * Stores what `from` holds, finished or whole, under the name that `receipt` carries. Durable when it returns.
   * `from` itself stays, for the caller to discard or drop.
   */
  putIfAbsent(from: Incoming | UploadKey, receipt: Receipt): Promise<Commit>;

  /** Creates a partial of offset 0, or gives the one that is there. Durable when it returns. */
  announce(announcement: Announcement): Promise<PartialUpload>;
  findPartial(key: UploadKey): Promise<PartialUpload | undefined>;
  /** Adds to a partial at its offset; bytes behind the offset, of a piece that was cut, are dropped first. */
  append(key: UploadKey): Promise<Piece>;
  /**
   * Opens the bytes of a partial, at this many after its start: all that are there, those behind its offset as well. Throws
   * FsError `gone`.
   */
  openPartial(key: UploadKey, fromBytes: number): Reading;
  /** The partials of an episode: one for each archive that was announced for it. */
  partialsOf(host: HostId, id: EpisodeId): Promise<readonly PartialUpload[]>;
  /** All partials there are, in no order. */
  partials(): Promise<readonly PartialUpload[]>;
  dropPartial(key: UploadKey): Promise<void>;

  /** Names of archives without a receipt: a cut between the two leaves one. */
  unreceipted(): Promise<readonly EpisodeName[]>;
  /** Gives the archive of that name its receipt. Durable when it returns. */
  adopt(receipt: Receipt): Promise<Receipt>;
  /** Moves an archive without a receipt out of the way; where to, for a person to look at until it is swept. */
  setAside(host: HostId, id: EpisodeId): Promise<string>;

  /** Removes partials and things set aside whose last byte is older than `keepMs`. */
  sweep(keepMs: number): Promise<void>;
  space(): Space;
  /** Writes, syncs and removes something small. */
  probe(): Promise<void>;
}
