import { constants, createZstdDecompress } from "node:zlib";
import { freeBuffer } from "./free_buffer.ts";

const CHUNK_BYTES = 256 * 1024;

/**
 * Decodes whole frames, fed piece by piece as {@link FrameWalker} cuts them: of what follows the end of a
 * frame in the same write, the decoder behind node:zlib drops everything.
 */
export class ZstdDecoder {
  readonly #stream = createZstdDecompress({
    chunkSize: CHUNK_BYTES,
    params: { [constants.ZSTD_d_windowLogMax]: 23 },
  });
  #decoded: Uint8Array[] = [];
  /** What the last call returned. */
  #returned: readonly Uint8Array[] = [];
  #failure: Error | undefined;
  #onFailure: ((error: Error) => void) | undefined;

  constructor() {
    this.#stream.on("data", (chunk: Uint8Array) => this.#decoded.push(chunk));
    this.#stream.on("error", (error: Error) => {
      this.#failure = error;
      this.#onFailure?.(error);
    });
  }

  /**
   * What the piece decodes to, good until the next call. Rejects with the decoder's own error, now and ever
   * after.
   */
  decode(piece: Uint8Array): Promise<readonly Uint8Array[]> {
    return new Promise((resolve, reject) => {
      if (this.#failure !== undefined) return reject(this.#failure);
      this.#freeReturned();
      this.#onFailure = reject;
      this.#stream.write(piece, (error) => {
        if (error) return reject(error);
        const decoded = this.#decoded;
        this.#decoded = [];
        this.#returned = decoded;
        resolve(decoded);
      });
    });
  }

  /** The stream fills one buffer after the other; a chunk that reaches the end of its buffer is the last in it. */
  #freeReturned(): void {
    for (const chunk of this.#returned) {
      if (chunk.byteOffset + chunk.byteLength === CHUNK_BYTES) freeBuffer(chunk, CHUNK_BYTES);
    }
    this.#returned = [];
  }

  /** Frees the window, and the buffer that the stream has not filled. */
  close(): void {
    this.#stream.destroy();
    for (const chunk of [...this.#returned, ...this.#decoded]) freeBuffer(chunk, CHUNK_BYTES);
    this.#returned = this.#decoded = [];
  }
}
