/**
 * Looks whether the store still holds what its receipts say. It only looks, also beside a running receiver: what could be a
 * commit on its way is looked at again at the end.
 */
import { createHash } from "node:crypto";
import { type Digest, digestOfBytes } from "../episode/mod.ts";
import { type Clock, isFsError } from "../sys/mod.ts";
import type { Receipt } from "../wire/mod.ts";
import type { EpisodeName, Inventory, Lying, Reading } from "./store.ts";

export const FINDING_KINDS = [
  "rot",
  "missing",
  "bad-receipt",
  "no-receipt",
  "stray",
  "aside",
] as const;
export type FindingKind = (typeof FINDING_KINDS)[number];

/** Something that is not as it should be. */
export interface Finding {
  readonly kind: FindingKind;
  /** Of a stray, or of something set aside, the path in the store; of an episode `<host>/<id>`. */
  readonly what: string;
  readonly detail: string;
}

export interface ScrubParts {
  readonly store: Inventory;
  readonly clock: Clock;
}

export interface ScrubOptions {
  /** At most so many bytes a second are read; undefined: as many as come. */
  readonly bytesPerSecond?: number | undefined;
}

export interface ScrubObserver {
  finding(finding: Finding): void;
  /** Bytes of archives that were read, and that there are. */
  progress?(readBytes: number, totalBytes: number): void;
}

export interface ScrubSummary {
  /** Episodes that are as their receipts say. */
  readonly sound: number;
  /** Bytes read. */
  readonly bytes: number;
  readonly findings: number;
}

const BLOCK_BYTES = 256 * 1024;
/** Between an archive's name and its receipt's a receiver syncs a directory. */
const COMMIT_MS = 2000;

/** Reads all of the store. Throws FsError when it can't be listed. */
export async function scrub(
  { store, clock }: ScrubParts,
  options: ScrubOptions,
  observer: ScrubObserver,
): Promise<ScrubSummary> {
  const pace = new Pace(clock, options.bytesPerSecond);
  const totalBytes = observer.progress === undefined ? 0 : sumOf(store);
  let sound = 0;
  let findings = 0;
  const read = async (bytes: number) => {
    await pace.took(bytes);
    observer.progress?.(pace.bytes, totalBytes);
  };
  const check = async (lying: Lying) => {
    const finding = await judge(store, lying, read);
    if (finding === undefined) {
      sound++;
    } else {
      findings++;
      observer.finding(finding);
    }
  };
  const doubtful: EpisodeName[] = [];
  for (const lying of store.inventory()) {
    if (lying.kind === "episode" && isDoubtful(lying)) {
      doubtful.push(lying);
    } else {
      await check(lying);
    }
  }
  if (doubtful.length > 0) await clock.sleep(COMMIT_MS);
  for (const { host, id } of doubtful) {
    const lying = store.lookAt(host, id);
    // Both files are gone: it was set aside meanwhile.
    if (lying !== undefined) await check(lying);
  }
  return { sound, bytes: pace.bytes, findings };
}

type LyingEpisode = Extract<Lying, { readonly kind: "episode" }>;

/** One of two files, or one that can't be right: a running receiver may be at work on it. */
function isDoubtful({ receipt, archiveBytes }: LyingEpisode): boolean {
  return receipt === undefined || receipt === "unreadable" || archiveBytes === undefined;
}

function sumOf(store: Inventory): number {
  let bytes = 0;
  for (const lying of store.inventory()) {
    if (lying.kind === "episode") bytes += lying.archiveBytes ?? 0;
  }
  return bytes;
}

async function judge(
  store: Inventory,
  lying: Lying,
  read: (bytes: number) => Promise<void>,
): Promise<Finding | undefined> {
  if (lying.kind === "stray") {
    return { kind: "stray", what: lying.path, detail: "no receiver made it" };
  }
  if (lying.kind === "aside") {
    return { kind: "aside", what: lying.path, detail: "the receiver moved it out of the way" };
  }
  const { host, id, receipt, archiveBytes } = lying;
  const what = `${host}/${id}`;
  if (receipt === undefined) {
    return { kind: "no-receipt", what, detail: "an archive that nobody was given a receipt for" };
  }
  if (receipt === "unreadable") {
    return { kind: "bad-receipt", what, detail: "its receipt can't be read, or is another's" };
  }
  if (archiveBytes === undefined) {
    return { kind: "missing", what, detail: "its receipt is there, its archive is not" };
  }
  const detail = await findRot(store, receipt, archiveBytes, read);
  return detail === undefined ? undefined : { kind: "rot", what, detail };
}

async function findRot(
  store: Inventory,
  receipt: Receipt,
  archiveBytes: number,
  read: (bytes: number) => Promise<void>,
): Promise<string | undefined> {
  const { host, id } = receipt;
  if (archiveBytes !== receipt.archive_bytes) {
    return `its archive has ${archiveBytes} bytes, by its receipt ${receipt.archive_bytes}`;
  }
  try {
    const digest = await digestOf(store.openArchive(host, id), read);
    if (digest === receipt.archive_digest) return undefined;
    return `its archive has the digest ${digest}, by its receipt ${receipt.archive_digest}`;
  } catch (error) {
    if (!isFsError(error) || error.code === "busy" || error.code === "denied") throw error;
    return `its archive can't be read: ${error.errno}`;
  }
}

async function digestOf(
  reading: Reading,
  read: (bytes: number) => Promise<void>,
): Promise<Digest> {
  const hash = createHash("sha256");
  const block = new Uint8Array(BLOCK_BYTES);
  try {
    for (let count = reading.read(block); count > 0; count = reading.read(block)) {
      hash.update(block.subarray(0, count));
      await read(count);
    }
  } finally {
    reading.close();
  }
  return digestOfBytes(hash.digest());
}

/** Counts bytes, and waits where more came than may. */
class Pace {
  bytes = 0;
  readonly #startMs: number;

  constructor(private readonly clock: Clock, private readonly bytesPerSecond?: number) {
    this.#startMs = clock.monotonic();
  }

  async took(bytes: number): Promise<void> {
    this.bytes += bytes;
    if (this.bytesPerSecond === undefined) return;
    const dueMs = this.#startMs + this.bytes / this.bytesPerSecond * 1000;
    const waitMs = dueMs - this.clock.monotonic();
    if (waitMs > 0) await this.clock.sleep(waitMs);
  }
}
