/**
 * The entries of an archive, written down below a directory. It makes names and follows none: every name is new, and the
 * rules that an entry has passed (./entry_rules.ts) leave no path that is absolute, has `..`, or leads through a link.
 */
import type { PlainFs, TreeFs, WriteHandle } from "../sys/mod.ts";
import type { TarEntry } from "./format.ts";
import type { EntrySink } from "./tar_reader.ts";

export type UnpackFs =
  & Pick<PlainFs, "create" | "mkdir" | "chmod">
  & Pick<TreeFs, "symlink" | "setMtime">;

/** Until it has its content, and its own mode, an entry is its owner's alone. */
const FILE_MODE = 0o600;
const DIRECTORY_MODE = 0o700;

/** `root` is a directory that is there, empty, and nobody else's. Throws FsError. */
export class Unpacker implements EntrySink {
  #told: (TarEntry | Uint8Array)[] = [];
  #file: { readonly entry: TarEntry; readonly handle: WriteHandle } | undefined;
  /** Those whose content is still coming, each in the one before. */
  readonly #directories: TarEntry[] = [];

  constructor(private readonly fs: UnpackFs, private readonly root: string) {}

  entry(entry: TarEntry): void {
    this.#told.push(entry);
  }
  data(bytes: Uint8Array): void {
    this.#told.push(bytes);
  }

  async settle(): Promise<void> {
    const told = this.#told;
    this.#told = [];
    for (const one of told) {
      if (one instanceof Uint8Array) await this.#file?.handle.write(one);
      else await this.#begin(one);
    }
  }

  /** The last entry has come: what is still open gets its mode and time. */
  async finish(): Promise<void> {
    await this.#endFile();
    await this.#leaveDirectories("");
  }

  /** Closes what is open. May be called at any time. */
  abandon(): void {
    this.#file?.handle.close();
    this.#file = undefined;
  }

  async #begin(entry: TarEntry): Promise<void> {
    await this.#endFile();
    await this.#leaveDirectories(entry.path);
    const path = this.#pathOf(entry);
    switch (entry.type) {
      case "file":
        this.#file = { entry, handle: await this.fs.create(path, FILE_MODE) };
        return;
      case "directory":
        await this.fs.mkdir(path, DIRECTORY_MODE);
        this.#directories.push(entry);
        return;
      case "symlink":
        await this.fs.symlink(entry.target, path);
        this.fs.setMtime(path, entry.mtimeNs);
        return;
      default:
        entry.type satisfies never;
    }
  }

  async #endFile(): Promise<void> {
    if (this.#file === undefined) return;
    const { entry } = this.#file;
    this.abandon();
    await this.#finish(entry);
  }

  /** Ends the directories that `path` is not in: nothing more comes into them, which would move their time. */
  async #leaveDirectories(path: string): Promise<void> {
    for (;;) {
      const last = this.#directories.at(-1);
      if (last === undefined || path.startsWith(`${last.path}/`)) return;
      this.#directories.pop();
      await this.#finish(last);
    }
  }

  async #finish(entry: TarEntry): Promise<void> {
    const path = this.#pathOf(entry);
    await this.fs.chmod(path, entry.mode);
    this.fs.setMtime(path, entry.mtimeNs);
  }

  #pathOf({ path }: TarEntry): string {
    return `${this.root}/${path}`;
  }
}
