/**
 * Walks over the frames of a zstd stream by their headers alone (RFC 8878, section 3.1.1) and knows where each
 * one ends. The decoder behind node:zlib reports neither a stream that is cut short nor what follows its
 * end, and would take frames that this format does not have.
 */
import { ArchiveError } from "./error.ts";
import { WINDOW_LIMIT_BYTES } from "./format.ts";

const MAGIC = 0xfd2fb528;
const SKIPPABLE_MAGIC = 0x184d2a5; // the upper 28 bits
const BLOCK_LIMIT_BYTES = 128 * 1024;
const CHECKSUM_BYTES = 4;
/** Blocks in one piece: what it decodes to stays at or below 1 MiB. */
const PIECE_BLOCKS = 8;

type State = "magic" | "descriptor" | "header" | "block-header" | "block" | "checksum";

/** The part of a frame up to where the caller should pause: at its end, or after eight blocks. */
export interface Piece {
  readonly bytes: Uint8Array;
  readonly endsFrame: boolean;
}

/** Throws `not-an-archive` at the first byte that format 1 does not allow. */
export class FrameWalker {
  #state: State = "magic";
  /** Bytes that the state still waits for. */
  #left = 4;
  /** The header field that is being gathered; 14 bytes is the longest. */
  readonly #field = new Uint8Array(16);
  readonly #view = new DataView(this.#field.buffer);
  #fieldBytes = 0;
  #descriptor = 0;
  #blockLimitBytes = 0;
  #isLastBlock = false;
  #blocksInPiece = 0;
  #frames = 0;

  /** Cuts a chunk into pieces, which point into it. */
  *pieces(chunk: Uint8Array): Generator<Piece> {
    let start = 0;
    for (let at = 0; at < chunk.byteLength;) {
      const part = chunk.subarray(at, at + this.#left);
      at += part.byteLength;
      this.#left -= part.byteLength;
      if (this.#state !== "block" && this.#state !== "checksum") {
        this.#field.set(part, this.#fieldBytes);
        this.#fieldBytes += part.byteLength;
      }
      let endsFrame = false;
      while (this.#left === 0 && !endsFrame) endsFrame = this.#advance();
      if (endsFrame || this.#blocksInPiece >= PIECE_BLOCKS) {
        yield { bytes: chunk.subarray(start, at), endsFrame };
        start = at;
        this.#blocksInPiece = 0;
      }
    }
    if (start < chunk.byteLength) yield { bytes: chunk.subarray(start), endsFrame: false };
  }

  /** The stream is over. */
  end(): void {
    if (this.#state === "magic" && this.#fieldBytes === 0) {
      if (this.#frames === 0) throw refusal("is empty");
    } else if (this.#state === "magic" && this.#frames > 0) {
      throw refusal("has something after its end");
    } else {
      throw refusal("is cut short");
    }
  }

  /** The state has all it waited for: goes to the next. True at the end of a frame. */
  #advance(): boolean {
    switch (this.#state) {
      case "magic":
        this.#checkMagic(this.#view.getUint32(0, true));
        this.#expect("descriptor", 1);
        return false;
      case "descriptor":
        this.#descriptor = this.#view.getUint8(0);
        this.#expect("header", this.#headerBytes());
        return false;
      case "header":
        this.#checkWindow();
        this.#expect("block-header", 3);
        return false;
      case "block-header":
        this.#blockHeader(this.#view.getUint16(0, true) | (this.#view.getUint8(2) << 16));
        return false;
      case "block":
        this.#blocksInPiece++;
        if (this.#isLastBlock) this.#expect("checksum", CHECKSUM_BYTES);
        else this.#expect("block-header", 3);
        return false;
      case "checksum":
        this.#frames++;
        this.#expect("magic", 4);
        return true;
      default:
        return this.#state satisfies never;
    }
  }

  #expect(state: State, bytes: number): void {
    this.#state = state;
    this.#left = bytes;
    this.#fieldBytes = 0;
  }

  #checkMagic(magic: number): void {
    if (magic === MAGIC) return;
    if (magic >>> 4 === SKIPPABLE_MAGIC) throw refusal("has a skippable frame");
    throw refusal(this.#frames === 0 ? "does not begin as zstd" : "has something after its end");
  }

  /** Section 3.1.1.1.1: the flags, and with them the length of the rest of the header. */
  #headerBytes(): number {
    const flags = this.#descriptor;
    if ((flags & 0b11) !== 0) throw refusal("needs a dictionary");
    if ((flags & 0b100) === 0) throw refusal("has a frame without a checksum");
    if ((flags & 0b11000) !== 0) throw refusal("has a reserved bit set");
    return (this.#isSingleSegment() ? 0 : 1) + this.#contentSizeBytes();
  }

  #isSingleSegment(): boolean {
    return (this.#descriptor & 0b100000) !== 0;
  }

  #contentSizeBytes(): number {
    const flag = this.#descriptor >>> 6;
    return flag === 0 ? (this.#isSingleSegment() ? 1 : 0) : 1 << flag;
  }

  /** Sections 3.1.1.1.2 and 3.1.1.1.4: the window is told, or is the whole content. */
  #checkWindow(): void {
    const windowBytes = this.#isSingleSegment() ? this.#contentSize() : this.#toldWindow();
    if (windowBytes > WINDOW_LIMIT_BYTES) {
      throw refusal(
        `needs a window of ${windowBytes} bytes; at most ${WINDOW_LIMIT_BYTES} are allowed`,
      );
    }
    this.#blockLimitBytes = Math.min(windowBytes, BLOCK_LIMIT_BYTES);
  }

  #toldWindow(): number {
    const told = this.#view.getUint8(0);
    const base = 2 ** (10 + (told >>> 3));
    return base + (base / 8) * (told & 0b111);
  }

  #contentSize(): number {
    switch (this.#contentSizeBytes()) {
      case 1:
        return this.#view.getUint8(0);
      case 2:
        return this.#view.getUint16(0, true) + 256;
      case 4:
        return this.#view.getUint32(0, true);
      default:
        return Number(this.#view.getBigUint64(0, true));
    }
  }

  /** Section 3.1.1.2: last block or not, type, size. */
  #blockHeader(header: number): void {
    this.#isLastBlock = (header & 1) !== 0;
    const type = (header >>> 1) & 0b11;
    const sizeBytes = header >>> 3;
    if (type === 3) throw refusal("has a block of the reserved type");
    if (sizeBytes > this.#blockLimitBytes) throw refusal("has a block that is larger than allowed");
    // A run (type 1) is stored as the one byte that it repeats.
    this.#expect("block", type === 1 ? 1 : sizeBytes);
  }
}

function refusal(what: string): ArchiveError {
  return new ArchiveError("not-an-archive", "", `the archive ${what}`);
}
