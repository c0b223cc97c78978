/**
 * A file system that forgets. Behind the same interface as the machine's own, it keeps apart what is live
 * (what a running process sees) and what is durable (what a power cut leaves), by the weakest promises that
 * POSIX gives:
 *
 * - bytes and length of a file are durable after fsync(2) of that file, not before;
 * - a name is durable after fsync(2) of its directory; a file's own fsync does not bring its name with it;
 * - everything is durable after syncfs(2);
 * - a rename is atomic, also under a cut; but two operations that nobody synced may survive in any
 *   combination, the later one without the earlier.
 *
 * What was not synced may still have reached the disk: the cut decides by a random source, and tears the tail
 * of an unsynced file at a sector or a page, or fills it with garbage.
 */
import {
  type DirEntry,
  type DiskHandle,
  type FileType,
  type Fs,
  FsError,
  isFsError,
  type Random,
  type ReadHandle,
  type Stat,
  type WriteHandle,
} from "../../lib/sys/mod.ts";
import { afterCut, type Inode, type Operation, overlap, persist, statOf } from "./inode.ts";

/** Thrown by the operation at which the power goes; nothing may catch it and go on. */
export class PowerCut extends Error {
  override readonly name = "PowerCut";
}

/** What a test can do to an operation before it happens: throw, or have a sync do nothing. */
export type Interfere = (operation: string, path: string) => "skip" | undefined;

export class ModelFs implements Fs {
  #root: Inode;
  #pending: Operation[] = [];
  #time: bigint;
  #inodes = 0n;
  freeBytes = 2 ** 40;

  constructor(
    /** Nanoseconds since the epoch of the first operation. */
    startNs: bigint,
    private readonly interfere: Interfere = () => undefined,
  ) {
    this.#time = startNs;
    this.#root = this.#inode("directory", 0o755);
  }

  #inode(type: FileType, mode: number, bytes = new Uint8Array()): Inode {
    this.#inodes++;
    this.#time++;
    return {
      number: this.#inodes,
      type,
      mode,
      uid: 0,
      gid: 0,
      mtimeNs: this.#time,
      ctimeNs: this.#time,
      live: bytes,
      durable: new Uint8Array(),
      names: new Map(),
      durableNames: new Map(),
    };
  }

  /** Moves the time that files get, in nanoseconds. */
  advance(ns: bigint): void {
    this.#time += ns;
  }

  #find(operation: string, path: string): Inode {
    let at = this.#root;
    for (const part of path.split("/").filter((part) => part !== "")) {
      if (at.type !== "directory") throw new FsError(operation, path, "ENOTDIR");
      const next = at.names.get(part);
      if (next === undefined) throw new FsError(operation, path, "ENOENT");
      at = next;
    }
    return at;
  }

  #parent(operation: string, path: string): { readonly directory: Inode; readonly name: string } {
    const cut = path.lastIndexOf("/");
    const directory = this.#find(operation, path.slice(0, cut));
    if (directory.type !== "directory") throw new FsError(operation, path, "ENOTDIR");
    return { directory, name: path.slice(cut + 1) };
  }

  #apply(operation: Operation): void {
    this.#time++;
    for (const { directory, name, inode } of operation) {
      if (inode === undefined) directory.names.delete(name);
      else directory.names.set(name, inode);
      directory.mtimeNs = directory.ctimeNs = this.#time;
      if (inode !== undefined) inode.ctimeNs = this.#time;
    }
    this.#pending.push(operation);
  }

  lstat(path: string): Stat {
    this.interfere("lstat", path);
    return statOf(this.#find("lstat", path));
  }

  findStat(path: string): Stat | undefined {
    try {
      return this.lstat(path);
    } catch (error) {
      if (isFsError(error, "gone")) return undefined;
      throw error;
    }
  }

  list(path: string): DirEntry[] {
    this.interfere("list", path);
    const directory = this.#find("list", path);
    if (directory.type !== "directory") throw new FsError("list", path, "ENOTDIR");
    return Array.from(directory.names.keys(), (name) => ({ name }));
  }

  openRead(path: string): ReadHandle {
    this.interfere("openRead", path);
    const inode = this.#find("openRead", path);
    let at = 0;
    return {
      stat: () => statOf(inode),
      read: (into) => {
        this.interfere("read", path);
        const chunk = inode.live.subarray(at, at + into.byteLength);
        into.set(chunk);
        at += chunk.byteLength;
        return chunk.byteLength;
      },
      readAt: (into, offset) => {
        this.interfere("readAt", path);
        const chunk = inode.live.subarray(offset, offset + into.byteLength);
        into.set(chunk);
        return chunk.byteLength;
      },
      close: () => {},
    };
  }

  readLink(path: string): Uint8Array {
    const inode = this.#find("readlink", path);
    if (inode.type !== "symlink") throw new FsError("readlink", path, "EINVAL");
    return inode.live;
  }

  space(): { freeBytes: number; totalBytes: number } {
    return { freeBytes: this.freeBytes, totalBytes: 2 ** 41 };
  }

  create(path: string, mode = 0o600): Promise<WriteHandle> {
    return settled(() => {
      this.interfere("create", path);
      const { directory, name } = this.#parent("create", path);
      if (directory.names.has(name)) throw new FsError("create", path, "EEXIST");
      const inode = this.#inode("file", mode);
      this.#apply([{ directory, name, inode }]);
      return this.#writer(path, inode);
    });
  }

  openWrite(path: string): Promise<WriteHandle> {
    return settled(() => {
      this.interfere("openWrite", path);
      return this.#writer(path, this.#find("openWrite", path));
    });
  }

  #writer(path: string, inode: Inode): WriteHandle {
    let at = 0;
    return {
      write: (bytes) =>
        settled(() => {
          this.interfere("write", path);
          const size = Math.max(inode.live.byteLength, at + bytes.byteLength);
          const next = new Uint8Array(size);
          next.set(inode.live);
          next.set(bytes, at);
          at += bytes.byteLength;
          this.#setLive(inode, next);
        }),
      seek: (offset) =>
        settled(() => {
          at = offset;
        }),
      truncate: (sizeBytes) =>
        settled(() => {
          this.interfere("truncate", path);
          const next = new Uint8Array(sizeBytes);
          next.set(inode.live.subarray(0, sizeBytes));
          this.#setLive(inode, next);
        }),
      sync: () =>
        settled(() => {
          if (this.interfere("sync", path) !== "skip") inode.durable = inode.live;
        }),
      close: () => {},
    };
  }

  #setLive(inode: Inode, bytes: Uint8Array): void {
    this.#time++;
    inode.live = bytes;
    inode.mtimeNs = inode.ctimeNs = this.#time;
  }

  rename(from: string, to: string): Promise<void> {
    return settled(() => {
      this.interfere("rename", `${from} -> ${to}`);
      const source = this.#find("rename", from);
      const target = this.#parent("rename", to);
      const taken = target.directory.names.get(target.name);
      if (taken?.type === "directory" && taken.names.size > 0) {
        throw new FsError("rename", to, "ENOTEMPTY");
      }
      this.#move(from, source, target);
    });
  }

  renameNoReplace(from: string, to: string): Promise<void> {
    return settled(() => {
      this.interfere("renameNoReplace", `${from} -> ${to}`);
      const source = this.#find("rename", from);
      const target = this.#parent("rename", to);
      if (target.directory.names.has(target.name)) throw new FsError("rename", to, "EEXIST");
      this.#move(from, source, target);
    });
  }

  checkWritable(path: string): void {
    this.#find("access", path);
  }

  #move(from: string, inode: Inode, target: { directory: Inode; name: string }): void {
    const source = this.#parent("rename", from);
    this.#apply([{ ...source, inode: undefined }, { ...target, inode }]);
  }

  link(from: string, to: string): Promise<void> {
    return settled(() => {
      this.interfere("link", `${from} -> ${to}`);
      const inode = this.#find("link", from);
      const { directory, name } = this.#parent("link", to);
      if (directory.names.has(name)) throw new FsError("link", to, "EEXIST");
      this.#apply([{ directory, name, inode }]);
    });
  }

  symlink(target: string, path: string): void {
    const { directory, name } = this.#parent("symlink", path);
    const bytes = new TextEncoder().encode(target);
    this.#apply([{ directory, name, inode: this.#inode("symlink", 0o777, bytes) }]);
  }

  unlink(path: string): Promise<void> {
    return this.#remove("unlink", path);
  }

  rmdir(path: string): Promise<void> {
    return this.#remove("rmdir", path);
  }

  #remove(operation: "unlink" | "rmdir", path: string): Promise<void> {
    return settled(() => {
      this.interfere(operation, path);
      const inode = this.#find(operation, path);
      if ((operation === "rmdir") !== (inode.type === "directory")) {
        throw new FsError(operation, path, operation === "rmdir" ? "ENOTDIR" : "EISDIR");
      }
      if (inode.names.size > 0) throw new FsError(operation, path, "ENOTEMPTY");
      this.#apply([{ ...this.#parent(operation, path), inode: undefined }]);
    });
  }

  mkdir(path: string, mode = 0o700): Promise<void> {
    return settled(() => {
      this.interfere("mkdir", path);
      const { directory, name } = this.#parent("mkdir", path);
      if (directory.names.has(name)) throw new FsError("mkdir", path, "EEXIST");
      this.#apply([{ directory, name, inode: this.#inode("directory", mode) }]);
    });
  }

  chmod(path: string, mode: number): Promise<void> {
    return settled(() => {
      this.#find("chmod", path).mode = mode;
    });
  }

  chown(path: string, uid: number, gid: number): Promise<void> {
    return settled(() => {
      Object.assign(this.#find("chown", path), { uid, gid });
    });
  }

  syncDir(path: string): Promise<void> {
    return settled(() => {
      if (this.interfere("syncDir", path) === "skip") return;
      const directory = this.#find("fsync", path);
      this.#flush((operation) => operation.some((change) => change.directory === directory));
    });
  }

  openDisk(path: string): DiskHandle {
    this.#find("open", path);
    return {
      sync: () =>
        settled(() => {
          if (this.interfere("syncfs", path) !== "skip") this.syncAll();
        }),
      close: () => {},
    };
  }

  /** Makes the chosen operations durable, and with each every earlier one on the same names. */
  #flush(chosen: (operation: Operation) => boolean): void {
    const due: Operation[] = [];
    for (const operation of this.#pending.toReversed()) {
      if (chosen(operation) || due.some((later) => overlap(operation, later))) due.push(operation);
    }
    for (const operation of due.reverse()) persist(operation);
    this.#pending = this.#pending.filter((operation) => !due.includes(operation));
  }

  /** Everything that is live reaches the disk: syncfs(2), or an orderly shutdown. */
  syncAll(): void {
    this.#flush(() => true);
    this.#each(this.#root, (inode) => inode.durable = inode.live);
  }

  /**
   * The power goes, and comes back: what was not synced is there, in part there, or gone, as `random` decides.
   * Handles of before are dead.
   */
  cutPower(random: Random): void {
    for (const operation of this.#pending) {
      if (random() < 0.5) persist(operation);
    }
    this.#pending = [];
    this.#each(this.#root, (inode) => {
      inode.live = inode.durable = afterCut(inode, random);
      inode.names.clear();
      for (const [name, child] of inode.durableNames) inode.names.set(name, child);
    });
  }

  #each(inode: Inode, visit: (inode: Inode) => void): void {
    const seen = new Set<Inode>();
    const walk = (at: Inode): void => {
      if (seen.has(at)) return;
      seen.add(at);
      visit(at);
      for (const child of [...at.names.values(), ...at.durableNames.values()]) walk(child);
    };
    walk(inode);
  }

  /** Every path with its bytes (files), target (links) or undefined (directories), sorted. */
  snapshot(): Map<string, Uint8Array | undefined> {
    const all = new Map<string, Uint8Array | undefined>();
    const walk = (directory: Inode, path: string): void => {
      for (const [name, inode] of [...directory.names].sort(([a], [b]) => a < b ? -1 : 1)) {
        const at = `${path}/${name}`;
        all.set(at, inode.type === "directory" ? undefined : inode.live);
        walk(inode, at);
      }
    };
    walk(this.#root, "");
    return all;
  }
}

function settled<T>(action: () => T): Promise<T> {
  return new Promise((resolve) => resolve(action()));
}
