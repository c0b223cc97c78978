/** A store in a directory as it lies there: it is only read, so another process may be using it. */
import type { EpisodeId, HostId } from "../../episode/mod.ts";
import { type DirEntry, findFile, isFsError, OddFileError, type PlainFs } from "../../sys/mod.ts";
import { parseReceipt, type Receipt } from "../../wire/mod.ts";
import type { EpisodeName, Reading, StoreView } from "../store.ts";
import { Layout, parseEpisodeName, parseHostName } from "./layout.ts";

const RECEIPT_LIMIT_BYTES = 64 * 1024;

type ViewFs = Pick<PlainFs, "list" | "lstat" | "openRead">;

/** A name in `episodes/<host>/` that is an archive's or a receipt's. */
export interface StoredFile extends EpisodeName {
  readonly kind: "archive" | "receipt";
}

/** Opens the store in `directory` to look at it. Throws FsError `gone` when there is none. */
export function openPosixView(fs: ViewFs, directory: string): PosixView {
  const layout = new Layout(directory);
  fs.lstat(layout.episodes);
  return new PosixView(fs, layout);
}

export class PosixView implements StoreView {
  constructor(private readonly fs: ViewFs, readonly layout: Layout) {}

  find(host: HostId, id: EpisodeId): Promise<Receipt | undefined> {
    return Promise.try(() => this.look(host, id));
  }

  async *names(): AsyncGenerator<EpisodeName> {
    for (const { kind, host, id } of this.entries()) if (kind === "receipt") yield { host, id };
  }

  async *receipts(): AsyncGenerator<Receipt> {
    for await (const { host, id } of this.names()) {
      const receipt = this.look(host, id);
      if (receipt !== undefined) yield receipt;
    }
  }

  openArchive(host: HostId, id: EpisodeId): Reading {
    return this.fs.openRead(this.layout.archive(host, id));
  }

  /** The receipt of an episode that is there: readable, of this name, and with an archive of its size beside it. */
  look(host: HostId, id: EpisodeId): Receipt | undefined {
    const receipt = this.findReceipt(host, id);
    if (receipt === undefined) return undefined;
    return this.findArchiveBytes(host, id) === receipt.archive_bytes ? receipt : undefined;
  }

  /** The receipt under this name, whatever lies beside it; undefined when it is none of this episode. */
  findReceipt(host: HostId, id: EpisodeId): Receipt | undefined {
    try {
      const bytes = findFile(this.fs, this.layout.receipt(host, id), RECEIPT_LIMIT_BYTES);
      const receipt = bytes && parseReceipt(new TextDecoder().decode(bytes));
      return receipt?.host === host && receipt.id === id ? receipt : undefined;
    } catch (error) {
      // A directory, a link, or something endless: no receipt of ours.
      if (error instanceof OddFileError || isFsError(error, "link")) return undefined;
      throw error;
    }
  }

  /** The size of the archive of this name; undefined when there is no such file. */
  findArchiveBytes(host: HostId, id: EpisodeId): number | undefined {
    try {
      const { type, sizeBytes } = this.fs.lstat(this.layout.archive(host, id));
      return type === "file" ? sizeBytes : undefined;
    } catch (error) {
      if (isFsError(error, "gone")) return undefined;
      throw error;
    }
  }

  /** Every archive and every receipt by its name, one host after the other. */
  *entries(): Generator<StoredFile> {
    for (const { name } of this.fs.list(this.layout.episodes)) {
      const host = parseHostName(name);
      if (host === undefined) continue;
      for (const entry of this.#filesOf(host)) {
        const parsed = parseEpisodeName(entry.name ?? "");
        if (parsed !== undefined) yield { ...parsed, host };
      }
    }
  }

  #filesOf(host: HostId): readonly DirEntry[] {
    try {
      return this.fs.list(this.layout.episodesOf(host));
    } catch (error) {
      // Somebody's file between the hosts' directories must not keep the others from being seen.
      if (isFsError(error, "not-a-directory", "gone")) return [];
      throw error;
    }
  }
}
