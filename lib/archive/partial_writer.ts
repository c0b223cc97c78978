/** The tar stream on its way to the disk: digested, compressed, digested again, written. */
import { createHash } from "node:crypto";
import { constants, zstdCompressSync, type ZstdOptions } from "node:zlib";
import { type Digest, digestOfBytes } from "../episode/mod.ts";
import type { Fs, WriteHandle } from "../sys/mod.ts";
import { freeBuffer } from "./free_buffer.ts";
import { TarFrames } from "./tar_frames.ts";

/** The fixed part of zstd.h's ZSTD_compressBound, generously. */
const BOUND_MARGIN_BYTES = 1024;
/** The file is synced so often that no single sync blocks for minutes. */
const SYNC_BYTES = 64 * 1024 * 1024;

/** What was written. */
export interface Written {
  readonly episodeDigest: Digest;
  readonly archiveDigest: Digest;
  readonly archiveBytes: number;
  readonly tarBytes: number;
}

/** Writes its frames to a file; `finish` at the end. */
export class PartialWriter extends TarFrames {
  readonly #archiveHash = createHash("sha256");
  #archiveBytes = 0;
  #syncedBytes = 0;

  private constructor(private readonly file: WriteHandle, private readonly level: number) {
    super();
  }

  /** Creates the file; throws FsError `exists` when there is one. */
  static async create(
    fs: Pick<Fs, "create">,
    path: string,
    level: number,
  ): Promise<PartialWriter> {
    return new PartialWriter(await fs.create(path), level);
  }

  protected override async takeFrame(tar: Uint8Array): Promise<void> {
    const boundBytes = compressBound(tar.byteLength);
    const frame = compressFrame(tar, this.level, boundBytes);
    this.#archiveHash.update(frame);
    await this.file.write(frame);
    this.#archiveBytes += frame.byteLength;
    freeBuffer(frame, boundBytes);
    if (this.#archiveBytes - this.#syncedBytes >= SYNC_BYTES) await this.#sync();
  }

  async #sync(): Promise<void> {
    await this.file.sync();
    this.#syncedBytes = this.#archiveBytes;
  }

  /** Writes what is left, syncs and closes the file. */
  async finish(): Promise<Written> {
    await this.flush();
    await this.#sync();
    this.end();
    return {
      episodeDigest: this.digest(),
      archiveDigest: digestOfBytes(this.#archiveHash.digest()),
      archiveBytes: this.#archiveBytes,
      tarBytes: this.tarBytes,
    };
  }

  /** Closes the file as it is, unless that is done. */
  override end(): boolean {
    const isFirst = super.end();
    if (isFirst) this.file.close();
    return isFirst;
  }
}

/** Room for a frame that does not get smaller: one allocation, never a second, and no more than a small frame needs. */
function compressBound(bytes: number): number {
  return bytes + Math.ceil(bytes / 128) + BOUND_MARGIN_BYTES;
}

/** One frame with a checksum, which tells its content's size: a reader needs no larger window than that. */
function compressFrame(content: Uint8Array, level: number, boundBytes: number): Uint8Array {
  // pledgedSrcSize is documented (node:zlib, ZstdOptions), but missing from @types/node.
  const options: ZstdOptions & { readonly pledgedSrcSize: number } = {
    pledgedSrcSize: content.byteLength,
    chunkSize: boundBytes,
    params: { [constants.ZSTD_c_compressionLevel]: level, [constants.ZSTD_c_checksumFlag]: 1 },
  };
  return zstdCompressSync(content, options);
}
