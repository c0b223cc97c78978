/** Verifying an archive as its bytes come, in constant memory: that it is format 1, and what it holds. */
import { createHash } from "node:crypto";
import { setImmediate } from "node:timers";
import { type Digest, digestOfBytes, type Meta } from "../episode/mod.ts";
import { ArchiveError } from "./error.ts";
import { type EntrySink, type TarLimits, TarReader } from "./tar_reader.ts";
import { ZstdDecoder } from "./zstd_decoder.ts";
import { FrameWalker } from "./zstd_frame.ts";

/** How much a verifier takes. All are inclusive. */
export interface VerifyLimits extends TarLimits {
  readonly maxArchiveBytes: number;
}

/** What a verified archive holds. The digest of its own bytes is taken by whoever has them. */
export interface Verified {
  readonly episodeDigest: Digest;
  readonly archiveBytes: number;
  readonly tarBytes: number;
  readonly entries: number;
  /** Stamped or unstamped; an archive with an unreadable one is refused as `bad-meta`. */
  readonly meta: Meta;
}

/**
 * Takes an archive's bytes in order. Each method throws {@link ArchiveError} with its `problem` as soon as the
 * archive is known to be bad; nothing but `abort` may be called after that.
 */
export interface Verifier {
  /** Resolves when the bytes are checked; the caller may reuse them then. One call at a time. */
  write(bytes: Uint8Array): Promise<void>;
  end(): Promise<Verified>;
  /** Frees what the verifier holds. May be called at any time, also twice; a running `write` rejects. */
  abort(): void;
}

/** Bytes hashed in one go. */
const SLICE_BYTES = 256 * 1024;
/** Other work gets its turn after so many bytes of tar: about 5 ms, for the decoder never yields by itself. */
const TURN_BYTES = 1024 * 1024;
/** What a piece or a chunk costs beyond its bytes, and an entry: a flood of tiny ones yields as well. */
const STEP_COST_BYTES = 4 * 1024;
const ENTRY_COST_BYTES = 8 * 1024;

/** @param sink is told of the entries on the way, and waited for; what it throws, `write` throws */
export function createVerifier(limits: VerifyLimits, sink?: EntrySink): Verifier {
  return new ArchiveVerifier(limits, sink);
}

class ArchiveVerifier implements Verifier {
  readonly #tarHash = createHash("sha256");
  readonly #walker = new FrameWalker();
  readonly #decoder = new ZstdDecoder();
  readonly #tar: TarReader;
  #archiveBytes = 0;
  #sinceTurn = 0;
  /** Those that #sinceTurn has counted. */
  #entries = 0;
  #isAborted = false;

  constructor(private readonly limits: VerifyLimits, private readonly sink?: EntrySink) {
    this.#tar = new TarReader(limits, sink);
  }

  async write(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.byteLength; at += SLICE_BYTES) {
      await this.#slice(bytes.subarray(at, at + SLICE_BYTES));
    }
  }

  async #slice(bytes: Uint8Array): Promise<void> {
    this.#archiveBytes += bytes.byteLength;
    if (this.#archiveBytes > this.limits.maxArchiveBytes) {
      const detail = `the archive has more than ${this.limits.maxArchiveBytes} bytes`;
      throw new ArchiveError("too-large", "", detail);
    }
    for (const piece of this.#walker.pieces(bytes)) {
      for (const chunk of await this.#decode(piece.bytes)) {
        this.#tarHash.update(chunk);
        this.#tar.write(chunk);
        await this.sink?.settle();
        await this.#giveTurn(chunk.byteLength);
      }
      await this.#giveTurn(0);
    }
  }

  /** Lets other work run, when enough was done since it last could. */
  async #giveTurn(bytes: number): Promise<void> {
    this.#sinceTurn += bytes + STEP_COST_BYTES +
      ENTRY_COST_BYTES * (this.#tar.entries - this.#entries);
    this.#entries = this.#tar.entries;
    if (this.#sinceTurn < TURN_BYTES) return;
    this.#sinceTurn = 0;
    await new Promise<void>((resolve) => setImmediate(resolve));
  }

  async #decode(piece: Uint8Array): Promise<readonly Uint8Array[]> {
    try {
      return await this.#decoder.decode(piece);
    } catch (cause) {
      if (this.#isAborted) throw new Error("the verification was aborted", { cause });
      const why = cause instanceof Error ? cause.message : String(cause);
      throw new ArchiveError("not-an-archive", "", `the archive is damaged: ${why}`, { cause });
    }
  }

  end(): Promise<Verified> {
    return Promise.try(() => this.#verified());
  }

  #verified(): Verified {
    this.#walker.end();
    const { entries, meta } = this.#tar.end();
    this.#decoder.close();
    return {
      episodeDigest: digestOfBytes(this.#tarHash.digest()),
      archiveBytes: this.#archiveBytes,
      tarBytes: this.#tar.tarBytes,
      entries,
      meta,
    };
  }

  abort(): void {
    this.#isAborted = true;
    this.#decoder.close();
  }
}
