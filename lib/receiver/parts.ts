/** What the receiver is made of: what it is given, and what it keeps in memory while it runs. */
import type { Log } from "../events/mod.ts";
import type { Clock } from "../sys/mod.ts";
import type { UploadLimit } from "../wire/mod.ts";
import type { WindowKeeper } from "../window/mod.ts";
import type { IdentityParts } from "./identity.ts";
import { InFlight } from "./in_flight.ts";
import { FairPlaces } from "./fair_places.ts";
import { HostRequests } from "./host_requests.ts";
import { Jobs } from "./jobs.ts";
import type { ReceiverLimits } from "./limits.ts";
import type { Meter } from "./meter.ts";
import type { Commit, Store, UploadKey } from "./store.ts";
import { Strangers } from "./strangers.ts";
import { Turns } from "./turns.ts";

export interface ReceiverOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Log;
  readonly window: WindowKeeper;
  readonly identity: IdentityParts;
  readonly limits: ReceiverLimits;
  readonly meter: Meter;
  /** Of this program. */
  readonly version: string;
}

/** A commit that has ended. */
export type Committed = Exclude<Commit, { readonly kind: "unreceipted" }>;

/** What can be exchanged while requests are under way: they keep what they began with. */
export type Changeable = Pick<ReceiverOptions, "window" | "identity" | "limits">;

export interface Parts extends ReceiverOptions {
  window: ReceiverOptions["window"];
  identity: ReceiverOptions["identity"];
  limits: ReceiverOptions["limits"];
  readonly inFlight: InFlight;
  readonly turns: Turns;
  readonly requests: HostRequests;
  readonly strangers: Strangers;
  /** For the bodies of whole archives. */
  readonly bodies: FairPlaces;
  /** For each chunk of any body: hashed, unpacked, written. */
  readonly chunks: FairPlaces;
  /** Uploads in pieces, each from its last byte to its receipt. */
  readonly verifications: Jobs<Committed>;
  /** Archives that were found without a receipt. */
  readonly adoptions: Jobs<void>;
}

/**
 * Re-reading from disk: more at once would only make the disk seek. One host has one of them, so that another's short
 * archive does not wait for the end of a long one.
 */
const REREADS = { places: 2, perHost: 1 };
const ADOPTIONS = { places: 1, perHost: 1 };
/** Enough to have some at the disk while one is unpacked; few enough that a chunk's turn comes soon. */
const CHUNKS = { places: 4, perHost: 3 };

export function createParts(options: ReceiverOptions): Parts {
  const { clock, store, limits, log } = options;
  const waitMs = limits.verifyWaitMs;
  return {
    ...options,
    inFlight: new InFlight({ clock, space: () => store.space() }, limits),
    turns: new Turns(),
    requests: new HostRequests(limits.maxRequestsPerHost),
    strangers: new Strangers(clock, log),
    bodies: new FairPlaces({ places: Infinity, perHost: limits.maxBodiesPerHost }),
    chunks: new FairPlaces(CHUNKS),
    verifications: new Jobs(clock, new FairPlaces(REREADS), waitMs),
    adoptions: new Jobs(clock, new FairPlaces(ADOPTIONS), waitMs),
  };
}

export function uploadLimit({ limits }: Parts): UploadLimit {
  return {
    maxSizeBytes: limits.maxArchiveBytes,
    maxPieceBytes: limits.maxPieceBytes,
    maxAgeS: Math.floor(limits.partialKeepMs / 1000),
  };
}

/** The upload's name in memory. */
export function keyOf({ host, id, archiveDigest }: UploadKey): string {
  return `${host}/${id}/${archiveDigest}`;
}
