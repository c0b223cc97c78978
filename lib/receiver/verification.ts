/** From bytes to a receipt, or to the refusal that they deserve. */
import { createHash, type Hash } from "node:crypto";
import { setImmediate } from "node:timers";
import { ArchiveError, createVerifier, type Verified, type Verifier } from "../archive/mod.ts";
import {
  type Digest,
  digestOfBytes,
  type EpisodeId,
  type HostId,
  type Stamp,
} from "../episode/mod.ts";
import type { Receipt } from "../wire/mod.ts";
import { type ReceiverLimits, verifyLimits } from "./limits.ts";
import { Refusal } from "./refusal.ts";
import type { Announcement, Reading } from "./store.ts";

/** What is known of an archive that was verified, and of which all bytes were seen. */
export interface VerifiedArchive extends Verified {
  readonly archiveDigest: Digest;
}

/**
 * One archive, verified as its bytes come. The archive digest has the first word: a flaw of the archive is held against
 * the episode only when these are the bytes that were announced, since one flipped on the way would look the same.
 */
export class Verification {
  readonly #hash: Hash = createHash("sha256");
  readonly #verifier: Verifier;
  #flaw: ArchiveError | undefined;

  constructor(private readonly announcement: Announcement, limits: ReceiverLimits) {
    this.#verifier = createVerifier(verifyLimits(limits));
  }

  /** The archive is bad already; what comes matters for its digest alone. */
  get isFlawed(): boolean {
    return this.#flaw !== undefined;
  }

  async write(bytes: Uint8Array): Promise<void> {
    this.#hash.update(bytes);
    // The verifier gives others their turns; without it, bytes from the disk would come without end.
    if (this.#flaw !== undefined) return await giveTurn();
    try {
      await this.#verifier.write(bytes);
    } catch (error) {
      this.#note(error);
    }
  }

  /** Throws Refusal: by archive digest, archive, episode digest, stamp, in this order. */
  async end(): Promise<VerifiedArchive> {
    const archiveDigest = digestOfBytes(this.#hash.digest());
    if (archiveDigest !== this.announcement.archiveDigest) {
      throw new Refusal("bad-digest", "the archive that arrived does not have its Repr-Digest");
    }
    const verified = this.#flaw === undefined ? await this.#endOf() : undefined;
    if (verified === undefined) throw refusalOf(this.#flaw);
    if (verified.episodeDigest !== this.announcement.episodeDigest) {
      throw new Refusal("bad-digest", "the archive does not hold its Cis490-Episode-Digest");
    }
    const stamp = verified.meta.kind === "stamped" ? verified.meta.stamp : undefined;
    if (stamp !== this.announcement.stamp) {
      throw new Refusal(
        "stamp-mismatch",
        `Cis490-Code-Commit is ${this.announcement.stamp}, in meta.json is ${stamp ?? "none"}`,
      );
    }
    return { ...verified, archiveDigest };
  }

  /** Frees what is held; may be called at any time. */
  abort(): void {
    this.#verifier.abort();
  }

  async #endOf(): Promise<Verified | undefined> {
    try {
      return await this.#verifier.end();
    } catch (error) {
      this.#note(error);
      return undefined;
    }
  }

  #note(error: unknown): void {
    if (!(error instanceof ArchiveError)) throw error;
    this.#flaw = error;
    this.#verifier.abort();
  }
}

/** Lets the event loop go round once. */
export function giveTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

function refusalOf(flaw: ArchiveError | undefined): unknown {
  const problem = flaw?.problem;
  return problem === undefined ? flaw : new Refusal(problem, flaw?.message ?? "", { cause: flaw });
}

const BLOCK_BYTES = 256 * 1024;

/**
 * Verifies an archive of which nothing is known but its name: what it holds, and the stamp that it must have. Throws
 * Refusal.
 */
export async function inspectReading(
  reading: Reading,
  limits: ReceiverLimits,
): Promise<VerifiedArchive & { readonly stamp: Stamp }> {
  const verifier = createVerifier(verifyLimits(limits));
  const hash = createHash("sha256");
  try {
    for await (const block of blocksOf(reading)) {
      hash.update(block);
      await verifier.write(block);
    }
    const verified = { ...await verifier.end(), archiveDigest: digestOfBytes(hash.digest()) };
    if (verified.meta.kind !== "stamped") throw new Refusal("unstamped", "it carries no stamp");
    return { ...verified, stamp: verified.meta.stamp };
  } catch (error) {
    throw error instanceof ArchiveError ? refusalOf(error) : error;
  } finally {
    verifier.abort();
  }
}

/**
 * The same memory again and again. Reading is synchronous; the verifier's own turns let other requests in between.
 *
 * @param atMostBytes is asked before each block how much of it may be read, 0 is the end; up to the file's end unless said
 */
export function* blocksOf(
  reading: Reading,
  atMostBytes: () => number = () => Infinity,
): Generator<Uint8Array> {
  const block = new Uint8Array(BLOCK_BYTES);
  try {
    for (;;) {
      const wanted = block.subarray(0, atMostBytes());
      const count = wanted.byteLength === 0 ? 0 : reading.read(wanted);
      if (count === 0) return;
      yield block.subarray(0, count);
    }
  } finally {
    reading.close();
  }
}

export function receiptOf(
  host: HostId,
  id: EpisodeId,
  verified: VerifiedArchive,
  facts: { readonly stamp: Stamp; readonly nowMs: number; readonly version: string },
): Receipt {
  return {
    format: 1,
    host,
    id,
    episode_digest: verified.episodeDigest,
    archive_digest: verified.archiveDigest,
    archive_bytes: verified.archiveBytes,
    tar_bytes: verified.tarBytes,
    entries: verified.entries,
    code_commit: facts.stamp,
    stored_at: new Date(facts.nowMs).toISOString(),
    receiver: facts.version,
  };
}
