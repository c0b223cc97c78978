/**
 * A store in a directory of a POSIX file system that has link(2).
 *
 * The life of an archive: its bytes are synced in `uploads/`; link(2), which never replaces, gives them their name in
 * `episodes/<host>/`, and the directory is synced; the receipt is written and synced in `uploads/`, linked beside the
 * archive, and the directory synced again. Only then is the episode stored. The archive's name is made durable before
 * the receipt is linked: of two names that nobody synced, a power cut may keep the later one alone.
 */
import type { EpisodeId, HostId } from "../../episode/mod.ts";
import type { Log } from "../../events/mod.ts";
import {
  type Clock,
  createSynced,
  ensureDirDurably,
  isFsError,
  linkIfAbsent,
  type PlainFs,
  type Space,
  unlinkIfThere,
} from "../../sys/mod.ts";
import { formatReceipt, type Receipt } from "../../wire/mod.ts";
import type {
  Announcement,
  Commit,
  EpisodeName,
  Incoming,
  PartialUpload,
  Piece,
  Reading,
  Store,
  UploadKey,
} from "../store.ts";
import { Directories } from "./directories.ts";
import { GrowingFile } from "./growing_file.ts";
import { Layout, parseHostName } from "./layout.ts";
import { Partials } from "./partials.ts";
import { sweepLeftovers, sweepOld } from "./sweep.ts";
import { PosixView } from "./view.ts";

export interface PosixStoreParts {
  readonly fs: PlainFs;
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * Opens the store in `directory`, creating it where it is missing, and sweeps what interrupted requests left. Throws
 * FsError when the directory can't be used.
 */
export async function openPosixStore(parts: PosixStoreParts, directory: string): Promise<Store> {
  const layout = new Layout(directory);
  const { fs } = parts;
  await ensureDirDurably(fs, layout.episodes);
  await ensureDirDurably(fs, layout.uploads);
  // What a killed process named may not be on the disk yet; from here on it is relied upon.
  await fs.syncDir(layout.episodes);
  await fs.syncDir(layout.uploads);
  for (const { name } of fs.list(layout.episodes)) {
    const host = parseHostName(name);
    if (host !== undefined) await fs.syncDir(layout.episodesOf(host));
  }
  await sweepLeftovers(parts, layout);
  return new PosixStore(parts, layout);
}

class PosixIncoming implements Incoming {
  readonly #file: GrowingFile;

  constructor(
    private readonly fs: PlainFs,
    readonly path: string,
    file: GrowingFile,
  ) {
    this.#file = file;
  }

  write(bytes: Uint8Array): Promise<void> {
    return this.#file.write(bytes);
  }

  async finish(): Promise<void> {
    await this.#file.sync();
    this.#file.close();
  }

  async discard(): Promise<void> {
    this.#file.close();
    try {
      await unlinkIfThere(this.fs, this.path);
    } catch (error) {
      // On a broken disk; what is told of that is the failure that led here.
      if (!isFsError(error)) throw error;
    }
  }
}

class PosixStore implements Store {
  readonly #fs: PlainFs;
  readonly #directories: Directories;
  readonly #partials: Partials;
  readonly #view: PosixView;
  /** One commit at a time for an episode; a look waits for it, since a linked name may not be durable yet. */
  readonly #commits = new Map<string, Promise<unknown>>();
  #number = 0;

  constructor(private readonly parts: PosixStoreParts, private readonly layout: Layout) {
    this.#fs = parts.fs;
    this.#directories = new Directories(parts.fs);
    this.#partials = new Partials(parts.fs, layout, this.#directories);
    this.#view = new PosixView(parts.fs, layout);
  }

  async find(host: HostId, id: EpisodeId): Promise<Receipt | undefined> {
    await this.#commits.get(this.layout.archive(host, id));
    return this.#view.look(host, id);
  }

  names(): AsyncIterable<EpisodeName> {
    return this.#view.names();
  }

  async *receipts(): AsyncGenerator<Receipt> {
    for await (const { host, id } of this.names()) {
      const receipt = await this.find(host, id);
      if (receipt !== undefined) yield receipt;
    }
  }

  openArchive(host: HostId, id: EpisodeId): Reading {
    return this.#view.openArchive(host, id);
  }

  async receive(host: HostId, id: EpisodeId): Promise<Incoming> {
    const { path, made } = await this.#numbered(
      host,
      id,
      "incoming",
      (path) => this.#fs.create(path),
    );
    return new PosixIncoming(this.#fs, path, new GrowingFile(made));
  }

  putIfAbsent(from: Incoming | UploadKey, receipt: Receipt): Promise<Commit> {
    const { host, id } = receipt;
    return this.#exclusively(host, id, async () => {
      const bytes = this.#pathOf(from);
      const result = await this.#directories.within(
        this.layout.episodesOf(host),
        () => linkIfAbsent(this.#fs, bytes, this.layout.archive(host, id)),
      );
      if (result === "linked") return { kind: "stored", receipt: await this.#putReceipt(receipt) };
      const there = this.#view.look(host, id);
      return there === undefined ? { kind: "unreceipted" } : { kind: "already", receipt: there };
    });
  }

  announce(announcement: Announcement): Promise<PartialUpload> {
    return this.#partials.announce(announcement);
  }
  findPartial(key: UploadKey): Promise<PartialUpload | undefined> {
    return Promise.resolve(this.#partials.find(key));
  }
  append(key: UploadKey): Promise<Piece> {
    return this.#partials.append(key);
  }
  openPartial(key: UploadKey, fromBytes: number): Reading {
    return this.#partials.openReading(key, fromBytes);
  }
  partialsOf(host: HostId, id: EpisodeId): Promise<readonly PartialUpload[]> {
    return Promise.resolve(this.#partials.list({ host, id }));
  }
  partials(): Promise<readonly PartialUpload[]> {
    return Promise.resolve(this.#partials.list());
  }
  dropPartial(key: UploadKey): Promise<void> {
    return this.#partials.drop(key);
  }

  unreceipted(): Promise<readonly EpisodeName[]> {
    const found = new Map<string, EpisodeName>();
    const receipts = new Set<string>();
    for (const { kind, host, id } of this.#view.entries()) {
      if (kind === "archive") found.set(`${host}/${id}`, { host, id });
      else receipts.add(`${host}/${id}`);
    }
    for (const key of receipts) found.delete(key);
    return Promise.resolve([...found.values()]);
  }

  adopt(receipt: Receipt): Promise<Receipt> {
    const { host, id } = receipt;
    return this.#exclusively(
      host,
      id,
      async () => this.#view.look(host, id) ?? await this.#putReceipt(receipt),
    );
  }

  setAside(host: HostId, id: EpisodeId): Promise<string> {
    return this.#exclusively(host, id, async () => {
      // The receipt first: left alone it would be taken for an archive's that is lost.
      await this.#moveAside(host, id, this.layout.receipt(host, id));
      const path = await this.#moveAside(host, id, this.layout.archive(host, id));
      return path ?? this.layout.archive(host, id);
    });
  }

  sweep(keepMs: number): Promise<void> {
    const isStored = (key: UploadKey) => this.#view.look(key.host, key.id) !== undefined;
    return sweepOld(this.parts, this.layout, this.#partials, { keepMs, isStored });
  }

  space(): Space {
    return this.#fs.space(this.layout.uploads);
  }

  async probe(): Promise<void> {
    const path = `${this.layout.uploads}/probe~${++this.#number}`;
    await createSynced(this.#fs, path, new TextEncoder().encode("cis490\n"));
    await this.#fs.unlink(path);
  }

  /** Links a receipt to its name: the commit. The caller knows that the archive beside it is the receipt's. */
  async #putReceipt(receipt: Receipt): Promise<Receipt> {
    const { host, id } = receipt;
    const bytes = new TextEncoder().encode(formatReceipt(receipt));
    const { path } = await this.#numbered(
      host,
      id,
      "new",
      (path) => createSynced(this.#fs, path, bytes),
    );
    const name = this.layout.receipt(host, id);
    if (await linkIfAbsent(this.#fs, path, name) === "taken") {
      // A receipt whose archive was lost, or one that can't be read: it must not speak for this archive.
      const aside = await this.#moveAside(host, id, name);
      if (aside !== undefined) this.parts.log("receipt-set-aside", { host, id, path: aside });
      await linkIfAbsent(this.#fs, path, name);
    }
    await unlinkIfThere(this.#fs, path);
    return receipt;
  }

  /** Gives `name` another one in uploads/, by link and unlink: it replaces nothing there. */
  async #moveAside(host: HostId, id: EpisodeId, name: string): Promise<string | undefined> {
    try {
      this.#fs.lstat(name);
    } catch (error) {
      if (isFsError(error, "gone")) return undefined;
      throw error;
    }
    const { path } = await this.#numbered(host, id, "aside", (path) => this.#fs.link(name, path));
    await this.#fs.syncDir(this.layout.uploadsOf(host));
    await unlinkIfThere(this.#fs, name);
    await this.#fs.syncDir(this.layout.episodesOf(host));
    return path;
  }

  /** Makes a file under the next number that is free. */
  async #numbered<T>(
    host: HostId,
    id: EpisodeId,
    kind: "incoming" | "new" | "aside",
    make: (path: string) => Promise<T>,
  ): Promise<{ readonly path: string; readonly made: T }> {
    for (;;) {
      const path = this.layout.numbered(host, id, ++this.#number, kind);
      try {
        const made = await this.#directories.within(
          this.layout.uploadsOf(host),
          () => make(path),
        );
        return { path, made };
      } catch (error) {
        // Set aside by an earlier process; numbers are counted up, so this ends.
        if (!isFsError(error, "exists")) throw error;
      }
    }
  }

  #pathOf(from: Incoming | UploadKey): string {
    if (from instanceof PosixIncoming) return from.path;
    if ("archiveDigest" in from) return this.layout.partial(from);
    throw new TypeError("these bytes were received by another store");
  }

  async #exclusively<T>(host: HostId, id: EpisodeId, work: () => Promise<T>): Promise<T> {
    const key = this.layout.archive(host, id);
    const before = this.#commits.get(key) ?? Promise.resolve();
    const mine = before.then(work, work);
    // Whoever waits for this commit looks for itself at what came of it.
    const ended = mine.then(() => {}, () => {});
    this.#commits.set(key, ended);
    try {
      return await mine;
    } finally {
      if (this.#commits.get(key) === ended) this.#commits.delete(key);
    }
  }
}
