/** The archive on disk, read a piece at a time. */
import { createHash } from "node:crypto";
import { type Digest, digestOfBytes } from "../episode/mod.ts";
import type { Clock, PlainFs, ReadHandle } from "../sys/mod.ts";

/** The archive is not the one that the record tells of. */
export class ArchiveError extends Error {
  override readonly name = "ArchiveError";
}

export interface Piece {
  /** Valid until the next piece is read, or the file is closed. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly digest: Digest;
}

/** Reading is synchronous; between two slices other tasks get their turn. */
const SLICE_BYTES = 1024 * 1024;

/** One archive, open for reading. One piece is in memory at a time. */
export class ArchiveFile {
  #buffer = new Uint8Array(0);

  private constructor(
    private readonly clock: Pick<Clock, "sleep">,
    private readonly file: ReadHandle,
    private readonly path: string,
  ) {}

  /** Throws FsError, and ArchiveError when it is not a file of `sizeBytes`. */
  static open(
    clock: Pick<Clock, "sleep">,
    fs: Pick<PlainFs, "openRead">,
    path: string,
    sizeBytes: number,
  ): ArchiveFile {
    const file = fs.openRead(path);
    const stat = file.stat();
    if (stat.type === "file" && stat.sizeBytes === sizeBytes) {
      return new ArchiveFile(clock, file, path);
    }
    file.close();
    throw new ArchiveError(`${path}: ${stat.sizeBytes} bytes (${stat.type}), not ${sizeBytes}`);
  }

  /** Throws FsError, and ArchiveError when the file ends before `offset + sizeBytes`. */
  async read(offset: number, sizeBytes: number): Promise<Piece> {
    if (this.#buffer.byteLength < sizeBytes) this.#replaceBuffer(sizeBytes);
    const bytes = this.#buffer.subarray(0, sizeBytes);
    const hash = createHash("sha256");
    for (let at = 0; at < sizeBytes;) {
      const slice = bytes.subarray(at, at + SLICE_BYTES);
      const got = this.file.readAt(slice, offset + at);
      if (got === 0) throw new ArchiveError(`${this.path}: ends at ${offset + at} bytes`);
      hash.update(slice.subarray(0, got));
      at += got;
      if (at < sizeBytes) await this.clock.sleep(0);
    }
    return { bytes, digest: digestOfBytes(hash.digest()) };
  }

  close(): void {
    this.#replaceBuffer(0);
    this.file.close();
  }

  /** Gives the memory of the old one back at once: V8 would let several pieces pile up before it collects them. */
  #replaceBuffer(sizeBytes: number): void {
    this.#buffer.buffer.transfer(0);
    this.#buffer = new Uint8Array(sizeBytes);
  }
}
