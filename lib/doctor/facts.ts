/** What the checks judge by, for each role. Gathered once, by lab_host_facts.ts and receiver_facts.ts. */
import type { LabHostConfig, ReceiverConfig, SecretError } from "../config/mod.ts";
import type { Readiness } from "../receiver/mod.ts";
import type { FsError, Space, Stat } from "../sys/mod.ts";
import type { Preflight, ProbeReport } from "../transport/mod.ts";
import type { Window } from "../wire/mod.ts";
import type { Seen } from "./finding.ts";
import type { Account } from "./look/account.ts";
import type { Timekeeping } from "./look/clock.ts";
import type { Directory, Reclaimable } from "./look/directories.ts";
import type { JournalFault } from "./look/journal.ts";
import type { Mount } from "./look/mount.ts";
import type { QueueFacts } from "./look/queue.ts";
import type { Repository } from "./look/repository.ts";
import type { Barrier } from "./look/rights.ts";
import type { QuarantinedFor } from "./look/shelves.ts";
import type { ShipperStatus } from "./look/status.ts";
import type { Units } from "./look/units.ts";
import type { Tally } from "./tally.ts";

/** This very program. */
export interface Build {
  readonly version: string;
  readonly commit: string;
}

/** What both roles have. */
export interface CommonFacts {
  /** Where the configuration was read. */
  readonly file: string;
  readonly nowMs: number;
  /** The role's unit, without suffix. */
  readonly unit: string;
  readonly units: Units;
  readonly main: Directory;
  /** Those in it that are to be written. */
  readonly directories: readonly Directory[];
  /** Those of them that an access control list lets `who` write, though their bits do not. */
  readonly granted: ReadonlySet<string>;
  /** The user that the unit runs as, else the owner of the main directory; undefined when neither is known. */
  readonly who: Account | undefined;
  /** Files that the unit reads, and its user may not, with what keeps it from each. */
  readonly barriers: ReadonlyMap<string, Barrier>;
  readonly space: Space | undefined;
  /** Of the configuration. */
  readonly minFreeBytes: number;
  readonly reclaimable: readonly Reclaimable[];
  readonly mount: Mount | undefined;
  readonly journal: Seen<Tally & { readonly isCut: boolean }, JournalFault>;
  /** How far back the journal was read. */
  readonly sinceMs: number;
  readonly repository: Repository;
  readonly build: Build;
}

export interface LabHostFacts extends CommonFacts {
  readonly config: LabHostConfig;
  /** This machine is the receiver that it sends to. */
  readonly receiverIsHere: boolean;
  readonly queue: Seen<QueueFacts, FsError>;
  readonly quarantined: Seen<readonly QuarantinedFor[], FsError>;
  readonly lastShippedMs: number | undefined;
  readonly status: ShipperStatus | undefined;
  readonly token: SecretError | "good";
  /** Undefined with an `http:` receiver. */
  readonly certificates: Seen<Preflight, FsError> | undefined;
  readonly timekeeping: Timekeeping | undefined;
  readonly probe: ProbeReport;
  /** Undefined when the receiver could not be asked, or has none. */
  readonly window: Window | undefined;
}

/** What the receiver answers on its own socket. */
export type Answered<T> =
  | { readonly kind: "answer"; readonly value: T }
  | { readonly kind: "silent"; readonly why: string; readonly isDenied: boolean };

export interface ReceiverFacts extends CommonFacts {
  readonly config: ReceiverConfig;
  readonly tokens: Stat | FsError;
  readonly ready: Answered<Readiness>;
  /** Undefined when it has none. */
  readonly window: Window | undefined;
  /** The user of the proxy, when there is one on this machine. */
  readonly proxy: Account | undefined;
}
