/** Packing an episode: what lies in its directory becomes one archive of format 1. */
import {
  type Digest,
  type Meta,
  META_LIMIT_BYTES,
  META_NAME,
  parseMeta,
  readTree,
  type Signature,
  type Tree,
  type TreeEntry,
} from "../episode/mod.ts";
import { type Fs, FsError, isFsError, type ReadHandle, type Stat } from "../sys/mod.ts";
import { ArchiveError, showPath } from "./error.ts";
import { encodeHeader, END_BYTES, FORMAT, paddingBytes } from "./format.ts";
import { PartialWriter } from "./partial_writer.ts";
import { TarFrames } from "./tar_frames.ts";
import { turn } from "./turn.ts";

export interface PackJob {
  /** The episode's directory. */
  readonly episodePath: string;
  /** The file to be made; there must be none. */
  readonly partialPath: string;
  /** Of zstd, 1 to 19. */
  readonly level: number;
}

export interface PackHooks {
  /** Its turn has come: from here on it makes progress, or hangs. */
  readonly onStart?: () => void;
  /** Rejects with the signal's reason; seen after every MiB. */
  readonly signal?: AbortSignal | undefined;
  /** Awaited after every MiB, at the end no more: lets an abort come in, where nothing else waits for anything. */
  readonly turn?: (() => Promise<void>) | undefined;
  /** Called after every MiB with the bytes of tar so far. Must not throw. */
  readonly onProgress?: ((tarBytes: number) => void) | undefined;
}

/** An archive that is on the disk, synced, its directory not yet. */
export interface Packed {
  readonly format: typeof FORMAT;
  readonly episodeDigest: Digest;
  readonly archiveDigest: Digest;
  readonly archiveBytes: number;
  readonly tarBytes: number;
  readonly entries: number;
  /** Of the very bytes that were packed. */
  readonly meta: Meta;
  /** Of the tree, the same before and after. */
  readonly signature: Signature;
  readonly newestCtimeNs: bigint;
}

/** What reading an episode asks of the file system. */
type ReadFs = Pick<Fs, "lstat" | "list" | "readLink" | "openRead">;

/** What packing asks of it. */
export type PackFs = ReadFs & Pick<Fs, "create" | "unlink">;

/**
 * Packs an episode. Throws {@link ArchiveError} with a pack code, or FsError when reading or writing failed;
 * either way there is no partial afterwards. Looking and reading are synchronous: run it in a worker.
 */
export async function pack(fs: PackFs, job: PackJob, hooks: PackHooks = {}): Promise<Packed> {
  const tree = look(fs, job.episodePath);
  const writer = await PartialWriter.create(fs, job.partialPath, job.level);
  try {
    const packing = new Packing(fs, job.episodePath, writer, hooks);
    await packing.run(tree);
    return {
      format: FORMAT,
      ...await writer.finish(),
      entries: tree.entries.length,
      meta: packing.meta(),
      signature: tree.signature,
      newestCtimeNs: tree.newestCtimeNs,
    };
  } catch (error) {
    writer.end();
    // What can't be removed now is swept at the start of the next pass.
    await fs.unlink(job.partialPath).catch(() => {});
    throw error;
  }
}

/**
 * The digest that packing would give the episode now. Writes nothing; needs no thread of its own, for others have their turn
 * after every MiB. Throws as {@link pack} does.
 */
export async function digestEpisode(
  fs: ReadFs,
  episodePath: string,
  hooks: Pick<PackHooks, "signal" | "onProgress"> = {},
): Promise<Digest> {
  const tree = look(fs, episodePath);
  const frames = new TarFrames();
  try {
    await new Packing(fs, episodePath, frames, { ...hooks, turn }).run(tree);
    return frames.digest();
  } finally {
    frames.end();
  }
}

/** The tree, if it can be packed. */
function look(fs: ReadFs, episodePath: string): Tree {
  const tree = readWhole(fs, episodePath);
  const [unfit] = tree.unfit;
  if (unfit !== undefined) {
    const others = tree.unfit.length - 1;
    const more = others === 0 ? "" : `, and ${others} more can't be kept either`;
    throw new ArchiveError("unfit", showPath(unfit.path), `${unfit.why}${more}`);
  }
  const [meta] = tree.entries;
  if (meta?.path !== META_NAME) throw new ArchiveError("no-meta", META_NAME, "is not there");
  if (meta.type !== "file") {
    throw new ArchiveError("no-meta", META_NAME, `is a ${meta.type}, not a file`);
  }
  return tree;
}

function readWhole(fs: ReadFs, episodePath: string): Tree {
  try {
    return readTree(fs, episodePath);
  } catch (error) {
    // What is listed and then gone, or no longer a directory, was changed in between.
    if (!isFsError(error, "gone", "not-a-directory", "link")) throw error;
    const root = findStat(fs, episodePath);
    if (root === undefined) throw gone(error);
    if (root.type !== "directory") throw error;
    throw changed(error.subject.slice(episodePath.length + 1), error);
  }
}

class Packing {
  /** The first bytes of meta.json, at most one more than is allowed of it. */
  #metaBytes = new Uint8Array(0);
  #metaLength = 0;

  constructor(
    private readonly fs: ReadFs,
    private readonly episodePath: string,
    private readonly writer: TarFrames,
    private readonly hooks: PackHooks,
  ) {}

  /** Reads all of it. Throws ArchiveError `changed` unless it is the same afterwards. */
  async run(tree: Tree): Promise<void> {
    const { writer } = this;
    for (const entry of tree.entries) {
      writer.append(encodeHeader({
        path: entry.path,
        type: entry.type,
        mode: entry.stat.mode & 0o777,
        sizeBytes: entry.type === "file" ? entry.stat.sizeBytes : 0,
        mtimeNs: entry.stat.mtimeNs,
        target: entry.type === "symlink" ? entry.target : "",
      }));
      if (entry.type === "file") await this.#file(entry);
      if (writer.isFull) await this.#flush();
    }
    writer.appendZeros(END_BYTES);
    await writer.flush();
    this.#report();
    if (readWhole(this.fs, this.episodePath).signature !== tree.signature) {
      throw new ArchiveError("changed", "", "the episode changed while it was packed");
    }
  }

  meta(): Meta {
    return parseMeta(this.#metaBytes.subarray(0, this.#metaLength));
  }

  async #flush(): Promise<void> {
    await this.writer.flush();
    await this.hooks.turn?.();
    this.#report();
  }

  #report(): void {
    this.hooks.onProgress?.(this.writer.tarBytes);
    this.hooks.signal?.throwIfAborted();
  }

  async #file(entry: TreeEntry): Promise<void> {
    const file = this.#open(entry);
    try {
      this.#compare(entry, file);
      if (entry.path === META_NAME) {
        this.#metaBytes = new Uint8Array(Math.min(entry.stat.sizeBytes, META_LIMIT_BYTES + 1));
      }
      for (let left = entry.stat.sizeBytes; left > 0;) {
        if (this.writer.isFull) await this.#flush();
        const room = this.writer.room().subarray(0, left);
        const got = file.read(room);
        if (got === 0) throw this.#changed(entry);
        if (entry.path === META_NAME) this.#keepMeta(room.subarray(0, got));
        this.writer.advance(got);
        left -= got;
      }
      this.#compare(entry, file);
    } finally {
      file.close();
    }
    // It comes first, so an episode that no receiver takes costs no more than its meta.json.
    if (entry.path === META_NAME) this.#refuseUnreadable();
    if (this.writer.isFull) await this.#flush();
    this.writer.appendZeros(paddingBytes(entry.stat.sizeBytes));
  }

  #refuseUnreadable(): void {
    const meta = this.meta();
    if (meta.kind === "unreadable") throw new ArchiveError("bad-meta", "", meta.why);
  }

  #keepMeta(bytes: Uint8Array): void {
    const kept = bytes.subarray(0, this.#metaBytes.byteLength - this.#metaLength);
    this.#metaBytes.set(kept, this.#metaLength);
    this.#metaLength += kept.byteLength;
  }

  #open(entry: TreeEntry): ReadHandle {
    const path = `${this.episodePath}/${entry.path}`;
    try {
      return this.fs.openRead(path);
    } catch (error) {
      if (!(error instanceof FsError)) throw error;
      // It may have been replaced by what can't be opened: then it changed, whatever open says.
      const now = findStat(this.fs, path);
      if (now === undefined || !sameStat(now, entry.stat)) throw this.#changed(entry, error);
      throw error;
    }
  }

  #compare(entry: TreeEntry, file: ReadHandle): void {
    if (!sameStat(file.stat(), entry.stat)) throw this.#changed(entry);
  }

  #changed(entry: TreeEntry, cause?: unknown): ArchiveError {
    const isGone = findStat(this.fs, this.episodePath) === undefined;
    return isGone ? gone(cause) : changed(entry.path, cause);
  }
}

function sameStat(a: Stat, b: Stat): boolean {
  return a.type === b.type && a.device === b.device && a.inode === b.inode &&
    a.mode === b.mode && a.sizeBytes === b.sizeBytes && a.mtimeNs === b.mtimeNs &&
    a.ctimeNs === b.ctimeNs;
}

/** Undefined when nothing has that name. */
function findStat(fs: ReadFs, path: string): Stat | undefined {
  try {
    return fs.lstat(path);
  } catch (error) {
    if (isFsError(error, "gone", "not-a-directory")) return undefined;
    throw error;
  }
}

function changed(path: string, cause?: unknown): ArchiveError {
  return new ArchiveError("changed", showPath(path), "changed while the episode was packed", {
    cause,
  });
}

function gone(cause: unknown): ArchiveError {
  return new ArchiveError("gone", "", "the episode is gone", { cause });
}
