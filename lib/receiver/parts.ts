/** What the receiver is made of: what it is given, and what it keeps in memory while it runs. */
import type { Log } from "../events/mod.ts";
import type { Clock } from "../sys/mod.ts";
import type { UploadLimit } from "../wire/mod.ts";
import type { WindowKeeper } from "../window/mod.ts";
import type { IdentityParts } from "./identity.ts";
import { InFlight } from "./in_flight.ts";
import { Jobs } from "./jobs.ts";
import type { ReceiverLimits } from "./limits.ts";
import type { Meter } from "./meter.ts";
import type { Commit, Store, UploadKey } from "./store.ts";
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
  /** Uploads in pieces, each from its last byte to its receipt. */
  readonly verifications: Jobs<Committed>;
  /** Archives that were found without a receipt. */
  readonly adoptions: Jobs<void>;
}

/** Re-reading from disk: more at once would only make the disk seek. */
const REREADS_AT_ONCE = 2;

export function createParts(options: ReceiverOptions): Parts {
  const { clock, store, limits } = options;
  const waitMs = limits.verifyWaitMs;
  return {
    ...options,
    inFlight: new InFlight({ clock, space: () => store.space() }, limits),
    turns: new Turns(),
    verifications: new Jobs(clock, { places: REREADS_AT_ONCE, waitMs }),
    adoptions: new Jobs(clock, { places: 1, waitMs }),
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
