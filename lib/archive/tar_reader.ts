/** The tar stream as it comes, in chunks of any size, held to format 1 in constant memory. */
import { type Meta, META_NAME, parseMeta } from "../episode/mod.ts";
import { checkLink, EntryOrder, findPathFault } from "./entry_rules.ts";
import { ArchiveError, showPath } from "./error.ts";
import { BLOCK_BYTES, END_BYTES, paddingBytes, type TarEntry } from "./format.ts";
import { findDeviation, readBlock, readHeader } from "./header.ts";

/** How much of an archive is taken. All are inclusive. */
export interface TarLimits {
  /** Of the whole tar stream. */
  readonly maxUnpackedBytes: number;
  readonly maxEntries: number;
  /** Of one entry's path in UTF-8, and of a link's target. */
  readonly maxPathBytes: number;
}

/** Is told what a tar stream holds, while it is read. Each entry has passed every rule when it is told. */
export interface EntrySink {
  entry(entry: TarEntry): void;
  /** The next bytes of the last entry's file; good until `settle` has resolved. */
  data(bytes: Uint8Array): void;
  /** Resolves when all that was told is dealt with. */
  settle(): Promise<void>;
}

/** What the stream is at: a header block, a pax header's records, a file's bytes, zeros after them, the end. */
type State = "header" | "pax" | "data" | "padding" | "end";

const NO_PAX = new Uint8Array(0);

/** Checks a tar stream. Every method throws {@link ArchiveError}, and is not called again afterwards. */
export class TarReader {
  #state: State = "header";
  /** Bytes that the state still waits for. */
  #left = BLOCK_BYTES;
  /** The header, or pax header with its records, that is being gathered. */
  #gathered = new Uint8Array(BLOCK_BYTES);
  #gatheredBytes = 0;
  #pax = NO_PAX;
  #paxSizeBytes = 0;
  #entry: TarEntry | undefined;
  #metaBytes: Uint8Array | undefined;
  #meta: Meta | undefined;
  #order = new EntryOrder();
  #entries = 0;
  #tarBytes = 0;

  constructor(
    private readonly limits: TarLimits,
    private readonly sink?: Pick<EntrySink, "entry" | "data">,
  ) {}

  get tarBytes(): number {
    return this.#tarBytes;
  }

  /** Entries that have begun. */
  get entries(): number {
    return this.#entries;
  }

  write(chunk: Uint8Array): void {
    this.#tarBytes += chunk.byteLength;
    if (this.#tarBytes > this.limits.maxUnpackedBytes) throw this.#tooLarge();
    for (let at = 0; at < chunk.byteLength;) {
      if (this.#left === 0) {
        throw new ArchiveError("not-an-archive", "", "something follows the end of the tar stream");
      }
      const part = chunk.subarray(at, at + this.#left);
      at += part.byteLength;
      this.#left -= part.byteLength;
      this.#take(part);
      while (this.#left === 0 && this.#advance());
    }
  }

  /** The stream is over. Returns what it held. */
  end(): { readonly entries: number; readonly meta: Meta } {
    if (this.#state !== "end" || this.#left > 0) {
      throw new ArchiveError("not-an-archive", "", "the tar stream is cut short");
    }
    if (this.#meta === undefined) {
      throw new ArchiveError("bad-meta", META_NAME, "is not there: the archive is empty");
    }
    return { entries: this.#entries, meta: this.#meta };
  }

  #take(part: Uint8Array): void {
    switch (this.#state) {
      case "header":
      case "pax":
        this.#gathered.set(part, this.#gatheredBytes);
        this.#gatheredBytes += part.byteLength;
        return;
      case "data":
        if (this.#metaBytes !== undefined) {
          this.#metaBytes.set(part, this.#metaBytes.byteLength - this.#left - part.byteLength);
        }
        this.sink?.data(part);
        return;
      case "padding":
        if (!isZero(part)) {
          const subject = showPath(this.#entry?.path ?? "");
          throw new ArchiveError("unsafe-entry", subject, "is not padded with zeros");
        }
        return;
      case "end":
        if (!isZero(part)) {
          throw new ArchiveError(
            "not-an-archive",
            "",
            "a lone block of zeros is in the tar stream",
          );
        }
        return;
      default:
        this.#state satisfies never;
    }
  }

  /** The state has all it waited for: goes to the next. False at the end of the stream. */
  #advance(): boolean {
    switch (this.#state) {
      case "header":
        this.#header(this.#gathered.subarray(0, BLOCK_BYTES));
        return true;
      case "pax":
        this.#pax = this.#gathered;
        this.#expectHeader();
        return true;
      case "data":
        this.#endOfData();
        return true;
      case "padding":
        this.#expectHeader();
        return true;
      case "end":
        return false;
      default:
        return this.#state satisfies never;
    }
  }

  #expectHeader(): void {
    this.#state = "header";
    this.#left = BLOCK_BYTES;
    this.#gathered = new Uint8Array(BLOCK_BYTES);
    this.#gatheredBytes = 0;
  }

  #header(block: Uint8Array): void {
    const withPax = this.#pax.byteLength > 0;
    if (isZero(block) && !withPax) {
      this.#state = "end";
      this.#left = END_BYTES - BLOCK_BYTES;
      return;
    }
    const { type, sizeBytes } = readBlock(block);
    if (type === "pax") return this.#expectPax(block, sizeBytes);
    const raw = { pax: this.#pax, paxSizeBytes: this.#paxSizeBytes, block };
    const entry = readHeader(type, raw);
    this.#pax = NO_PAX;

    const fault = findPathFault(entry.path, this.limits.maxPathBytes) ?? findDeviation(entry, raw);
    if (fault !== undefined) throw new ArchiveError("unsafe-entry", showPath(entry.path), fault);
    this.#order.check(entry);
    checkLink(entry, this.limits.maxPathBytes);
    this.#entries++;
    if (this.#entries > this.limits.maxEntries) {
      throw new ArchiveError(
        "too-large",
        "",
        `the archive has more than ${this.limits.maxEntries} entries`,
      );
    }
    if (entry.sizeBytes > this.limits.maxUnpackedBytes) throw this.#tooLarge();
    this.#entry = entry;
    this.sink?.entry(entry);
    if (this.#entries === 1) this.#metaBytes = new Uint8Array(entry.sizeBytes);
    this.#state = "data";
    this.#left = entry.sizeBytes;
  }

  #expectPax(block: Uint8Array, sizeBytes: number): void {
    if (this.#pax.byteLength > 0) {
      throw new ArchiveError("unsafe-entry", "", "two pax headers precede one entry");
    }
    // Two long paths, a size and a time, each with its key: more is none of ours.
    if (sizeBytes > 2 * this.limits.maxPathBytes + BLOCK_BYTES) {
      throw new ArchiveError("unsafe-entry", "", `a pax header has ${sizeBytes} bytes`);
    }
    const gathered = new Uint8Array(BLOCK_BYTES + sizeBytes + paddingBytes(sizeBytes));
    gathered.set(block);
    this.#state = "pax";
    this.#left = gathered.byteLength - BLOCK_BYTES;
    this.#gathered = gathered;
    this.#gatheredBytes = BLOCK_BYTES;
    this.#paxSizeBytes = sizeBytes;
  }

  #endOfData(): void {
    if (this.#metaBytes !== undefined) {
      const meta = parseMeta(this.#metaBytes);
      if (meta.kind === "unreadable") throw new ArchiveError("bad-meta", "", meta.why);
      this.#meta = meta;
      this.#metaBytes = undefined;
    }
    this.#state = "padding";
    this.#left = paddingBytes(this.#entry?.sizeBytes ?? 0);
  }

  #tooLarge(): ArchiveError {
    const limit = this.limits.maxUnpackedBytes;
    return new ArchiveError("too-large", "", `the archive unpacks to more than ${limit} bytes`);
  }
}

function isZero(bytes: Uint8Array): boolean {
  for (let at = 0; at < bytes.byteLength; at++) if (bytes[at] !== 0) return false;
  return true;
}
