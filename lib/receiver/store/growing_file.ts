/** A file that grows by what a client sends. */
import type { WriteHandle } from "../../sys/mod.ts";

/** Long files are synced on the way, so that no single fsync(2) blocks for minutes. */
const SYNC_EVERY_BYTES = 64 * 1024 * 1024;
/** A network chunk is a few KiB to 64 KiB; each write to the file is a trip to another thread. */
const BLOCK_BYTES = 256 * 1024;
/** Most episodes are smaller; V8 lets much memory pile up before it collects (lib/archive/free_buffer.ts). */
const FIRST_BYTES = 16 * 1024;

/** Gathers chunks into blocks, and syncs as it goes. */
export class GrowingFile {
  #block = new Uint8Array(FIRST_BYTES);
  #filled = 0;
  #unsynced = 0;
  #closed = false;

  constructor(private readonly file: WriteHandle) {}

  async write(bytes: Uint8Array): Promise<void> {
    if (this.#filled + bytes.byteLength > this.#block.byteLength) this.#grow();
    for (let at = 0; at < bytes.byteLength;) {
      const part = bytes.subarray(at, at + BLOCK_BYTES - this.#filled);
      this.#block.set(part, this.#filled);
      this.#filled += part.byteLength;
      at += part.byteLength;
      if (this.#filled === BLOCK_BYTES) await this.#flush();
    }
  }

  /** All that was written is on the disk when it returns. */
  async sync(): Promise<void> {
    await this.#flush();
    await this.file.sync();
    this.#unsynced = 0;
  }

  close(): void {
    if (!this.#closed) this.file.close();
    this.#closed = true;
  }

  #grow(): void {
    if (this.#block.byteLength === BLOCK_BYTES) return;
    const block = new Uint8Array(BLOCK_BYTES);
    block.set(this.#block.subarray(0, this.#filled));
    this.#block = block;
  }

  async #flush(): Promise<void> {
    if (this.#filled === 0) return;
    const bytes = this.#block.subarray(0, this.#filled);
    this.#filled = 0;
    await this.file.write(bytes);
    this.#unsynced += bytes.byteLength;
    if (this.#unsynced >= SYNC_EVERY_BYTES) {
      await this.file.sync();
      this.#unsynced = 0;
    }
  }
}
