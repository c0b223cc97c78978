/** What the receiver is made of: what it is given, and what it keeps in memory while it runs. */
import type { Log } from "../events/mod.ts";
import type { Clock } from "../sys/mod.ts";
import type { UploadLimit } from "../wire/mod.ts";
import type { WindowKeeper } from "../window/mod.ts";
import type { Catalogue } from "./catalogue/catalogue.ts";
import type { IdentityParts } from "./identity.ts";
import { InFlight } from "./in_flight.ts";
import { FairPlaces } from "./fair_places.ts";
import { Followers } from "./followers.ts";
import { Jobs } from "./jobs.ts";
import type { ReceiverLimits } from "./limits.ts";
import type { Meter } from "./meter.ts";
import type { Commit, Store, UploadKey } from "./store.ts";
import { Strangers } from "./strangers.ts";
import { Tally } from "./tally.ts";
import { Turns } from "./turns.ts";
import type { UploadVerification } from "./upload_verification.ts";

export interface ReceiverOptions {
  readonly store: Store;
  /** Is told of each newly stored episode; a receiver does without. */
  readonly catalogue?: Catalogue;
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
  /**
   * By host. A connection carries one request at a time (RFC 9112, section 9.3), so this is also how many of a host's
   * connections make us work.
   */
  readonly requests: Tally;
  /** Bodies that are read to be thrown away, by who sends them. */
  readonly drains: Tally;
  readonly strangers: Strangers;
  /** For the bodies of archives and pieces: who has no place waits with its body unread, and the network holds it. */
  readonly bodies: FairPlaces;
  /** Uploads in pieces, each from its last byte to its receipt. */
  readonly verifications: Jobs<Committed>;
  /** Uploads in pieces that are verified while they come. */
  readonly followers: Followers<UploadVerification>;
  /** Archives that were found without a receipt. */
  readonly adoptions: Jobs<void>;
}

/**
 * Re-reading from disk: more at once would only make the disk seek. One host has one of them, so that another's short
 * archive does not wait for the end of a long one.
 */
const REREADS = { places: 2, perHost: 1 };
/** A refusal is worth that its sender hears it, but not at the cost of others. */
const DRAINS_AT_ONCE = 4;
const ADOPTIONS = { places: 1, perHost: 1 };

export function createParts(options: ReceiverOptions): Parts {
  const { clock, store, limits, log } = options;
  const waitMs = limits.verifyWaitMs;
  return {
    ...options,
    inFlight: new InFlight({ clock, space: () => store.space() }, limits),
    turns: new Turns(),
    requests: new Tally(limits.maxRequestsPerHost),
    drains: new Tally(DRAINS_AT_ONCE),
    strangers: new Strangers(clock, log),
    bodies: new FairPlaces({ places: Infinity, perHost: limits.maxBodiesPerHost }),
    verifications: new Jobs(clock, new FairPlaces(REREADS), waitMs),
    followers: new Followers(clock),
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
