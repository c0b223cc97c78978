/** What the doctor looks at on a lab host, each thing once. Nothing is changed, and no lock is taken. */
import { type LabHostConfig, readSecret, SecretError } from "../config/mod.ts";
import { findRecord, layoutOf, listEpisodes, listQuarantined } from "../queue/mod.ts";
import {
  type Clock,
  type FsError,
  isFsError,
  type PlainFs,
  readSmallFile,
  type Space,
} from "../sys/mod.ts";
import { Certificates, type Preflight, type ProbeReport } from "../transport/mod.ts";
import { type Directory, findSpace, lookAtDirectory } from "./disk.ts";

/** A part of the machine that was looked at, or the reason why it could not be. */
export type Seen<T> =
  | { readonly kind: "seen"; readonly value: T }
  | { readonly kind: "unseen"; readonly error: FsError };

export interface Backlog {
  readonly episodes: number;
  /** Of the one that waits longest; undefined when none waits. */
  readonly oldestAgeMs: number | undefined;
  /** How many episodes wait by the outcome of their last try. */
  readonly outcomes: ReadonlyMap<string, number>;
  /** Paths in episodes/ that can be no episode. */
  readonly strange: readonly string[];
}

export interface LabHostFacts {
  readonly config: LabHostConfig;
  readonly main: Directory;
  readonly directories: readonly Directory[];
  readonly space: Space | undefined;
  readonly token: SecretError | "good";
  /** Undefined with an `http:` receiver. */
  readonly certificates: Seen<Preflight> | undefined;
  readonly nowMs: number;
  readonly probe: ProbeReport;
  readonly backlog: Seen<Backlog>;
  /** Number of quarantined episodes, and the command that mends the cause, by code. */
  readonly quarantined: Seen<
    ReadonlyMap<string, { readonly count: number; readonly remediation: string | undefined }>
  >;
}

export interface LabHostParts {
  readonly fs: PlainFs;
  readonly clock: Clock;
  readonly config: LabHostConfig;
  /** CREDENTIALS_DIRECTORY. */
  readonly credentialsDirectory: string | undefined;
  readonly probe: () => Promise<ProbeReport>;
}

export async function gatherLabHostFacts(parts: LabHostParts): Promise<LabHostFacts> {
  const { fs, clock, config } = parts;
  // Begun first: it waits for the network while the disk is looked at.
  const probe = parts.probe();
  const layout = layoutOf(config.dataDir);
  const directories = [
    layout.episodes,
    layout.outbox,
    layout.shelf("shipped"),
    layout.shelf("quarantine"),
  ];
  return {
    config,
    main: lookAtDirectory(fs, config.dataDir),
    directories: directories.map((path) => lookAtDirectory(fs, path)),
    space: findSpace(fs, config.dataDir),
    token: lookAtToken(config.receiver.tokenFile, parts.credentialsDirectory),
    certificates: lookAtCertificates(parts),
    nowMs: clock.now(),
    backlog: see(() => countBacklog(fs, clock, config)),
    quarantined: see(() => countQuarantined(fs, config)),
    probe: await probe,
  };
}

function lookAtToken(source: string, credentials: string | undefined): LabHostFacts["token"] {
  try {
    readSecret(source, credentials);
    return "good";
  } catch (error) {
    if (error instanceof SecretError) return error;
    throw error;
  }
}

function lookAtCertificates({ clock, config }: LabHostParts): LabHostFacts["certificates"] {
  const paths = config.receiver.certificates;
  if (paths === undefined) return undefined;
  let denied: FsError | undefined;
  const readFile = (path: string, limitBytes: number) => {
    try {
      return readSmallFile(path, limitBytes);
    } catch (error) {
      if (isFsError(error, "denied")) denied = error;
      throw error;
    }
  };
  const preflight = new Certificates(clock, readFile, paths).check();
  // The shipper may be able to read what this user may not.
  return denied === undefined
    ? { kind: "seen", value: preflight }
    : { kind: "unseen", error: denied };
}

function see<T>(look: () => T): Seen<T> {
  try {
    return { kind: "seen", value: look() };
  } catch (error) {
    if (isFsError(error)) return { kind: "unseen", error };
    throw error;
  }
}

function countBacklog(fs: PlainFs, clock: Clock, config: LabHostConfig): Backlog {
  const layout = layoutOf(config.dataDir);
  const { ids, strangers } = listEpisodes({ fs, layout });
  const [oldest] = ids;
  const outcomes = new Map<string, number>();
  for (const id of ids) {
    const outcome = findRecord(fs, layout, id)?.last?.outcome;
    if (outcome !== undefined) outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
  }
  const oldestAgeMs = oldest === undefined
    ? undefined
    : clock.now() - Number(fs.lstat(layout.episode(oldest)).mtimeNs / 1_000_000n);
  const strange = strangers.map((name) => `${layout.episodes}/${name}`);
  return { episodes: ids.length, oldestAgeMs, outcomes, strange };
}

function countQuarantined(fs: PlainFs, config: LabHostConfig) {
  const counts = new Map<string, { count: number; remediation: string | undefined }>();
  for (const { code, remediation, complete } of listQuarantined(fs, layoutOf(config.dataDir))) {
    if (!complete) continue;
    const before = counts.get(code);
    counts.set(code, {
      count: (before?.count ?? 0) + 1,
      remediation: before?.remediation ?? remediation,
    });
  }
  return counts;
}
