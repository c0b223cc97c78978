/** Everything that lies in a store's directory, what does not belong there too. */
import type { EpisodeId, HostId } from "../../episode/mod.ts";
import { type DirEntry, isFsError, type PlainFs } from "../../sys/mod.ts";
import type { Receipt } from "../../wire/mod.ts";
import type { Inventory, Lying, Reading } from "../store.ts";
import { CATALOGUE_NAME, parseEpisodeName, parseHostName } from "./layout.ts";
import type { PosixView } from "./view.ts";

type LyingEpisode = Lying & { readonly kind: "episode" };

/** What a receiver keeps in the store's directory itself, and a file system of its own in its root. */
const ROOT_NAMES: ReadonlySet<string> = new Set([
  "episodes",
  "uploads",
  CATALOGUE_NAME,
  `${CATALOGUE_NAME}-wal`,
  `${CATALOGUE_NAME}-shm`,
  "window.json",
  "window.json.new",
  "lost+found",
]);

export class PosixInventory implements Inventory {
  /** @param openRead opens an archive; the file system's own would do, and reads what the page cache holds */
  constructor(
    private readonly fs: Pick<PlainFs, "list" | "lstat">,
    private readonly view: PosixView,
    private readonly openRead: PlainFs["openRead"],
  ) {}

  *inventory(): Generator<Lying> {
    const prefix = `${this.view.layout.root}/`.length;
    for (const lying of this.#everything()) {
      yield lying.kind === "episode" ? lying : { ...lying, path: lying.path.slice(prefix) };
    }
  }

  lookAt(host: HostId, id: EpisodeId): LyingEpisode | undefined {
    const { view } = this;
    const archiveBytes = view.findArchiveBytes(host, id);
    const receipt = this.#findReceipt(host, id) ??
      (this.#isThere(view.layout.receipt(host, id)) ? "unreadable" : undefined);
    if (receipt === undefined && archiveBytes === undefined) return undefined;
    return { kind: "episode", host, id, receipt, archiveBytes };
  }

  openArchive(host: HostId, id: EpisodeId): Reading {
    return this.openRead(this.view.layout.archive(host, id));
  }

  /** Undefined for one that the disk does not give, too: it must not hide what else is wrong. */
  #findReceipt(host: HostId, id: EpisodeId): Receipt | undefined {
    try {
      return this.view.findReceipt(host, id);
    } catch (error) {
      if (!isFsError(error) || error.code === "busy" || error.code === "denied") throw error;
      return undefined;
    }
  }

  /** With whole paths. */
  *#everything(): Generator<Lying> {
    const { root } = this.view.layout;
    yield* strays(root, this.fs.list(root), (name) => ROOT_NAMES.has(name));
    yield* this.#episodes();
    yield* this.#uploads();
  }

  *#episodes(): Generator<Lying> {
    const { layout } = this.view;
    for (const { host, path, entry } of this.#hostsIn(layout.episodes)) {
      if (host === undefined) {
        yield stray(path, entry);
        continue;
      }
      const files = this.fs.list(path);
      const isOurs = (name: string) => parseEpisodeName(name) !== undefined;
      yield* strays(path, files, isOurs);
      const ids = new Set(files.flatMap(({ name }) => parseEpisodeName(name ?? "")?.id ?? []));
      for (const id of ids) {
        const lying = this.lookAt(host, id);
        if (lying !== undefined) {
          yield lying;
        } else if (this.#isThere(layout.archive(host, id))) {
          yield { kind: "stray", path: layout.archive(host, id) };
        }
      }
    }
  }

  /** Only what was set aside: the rest comes and goes with requests, and is swept. */
  *#uploads(): Generator<Lying> {
    const { uploads } = this.view.layout;
    // A backup has none, and a restored store before its receiver's first start.
    if (!this.#isThere(uploads)) return;
    for (const { host, path, entry } of this.#hostsIn(uploads)) {
      if (host === undefined) {
        // The store's own probe.
        if (!entry.name?.startsWith("probe~")) yield stray(path, entry);
        continue;
      }
      for (const { name } of this.fs.list(path)) {
        if (name?.endsWith(".aside")) yield { kind: "aside", path: `${path}/${name}` };
      }
    }
  }

  /** The names in a directory of hosts; `host` is undefined for what is none. */
  *#hostsIn(directory: string) {
    for (const entry of this.fs.list(directory)) {
      const path = `${directory}/${entry.name}`;
      const host = parseHostName(entry.name);
      const isDirectory = host !== undefined && this.fs.lstat(path).type === "directory";
      yield isDirectory ? { host, path, entry } : { host: undefined, path: directory, entry };
    }
  }

  #isThere(path: string): boolean {
    try {
      this.fs.lstat(path);
      return true;
    } catch (error) {
      if (isFsError(error, "gone")) return false;
      throw error;
    }
  }
}

function* strays(
  directory: string,
  entries: readonly DirEntry[],
  isOurs: (name: string) => boolean,
): Generator<Lying> {
  for (const entry of entries) {
    if (entry.name === undefined || !isOurs(entry.name)) yield stray(directory, entry);
  }
}

function stray(directory: string, entry: DirEntry): Lying {
  // A name that is not UTF-8 is shown with U+FFFD in it.
  const name = entry.name ?? new TextDecoder().decode(entry.bytes);
  return { kind: "stray", path: `${directory}/${name}` };
}
