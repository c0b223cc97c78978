/**
 * The C library's calls that Deno has no equivalent for: names as bytes, times in nanoseconds, locks that
 * do not wait, renames that never replace. Needs the FFI permission; `receive` gives that up and does
 * without this module.
 */
import type { Owner } from "./durable.ts";
import { type DirEntry, type FileType, FsError, type Stat } from "./fs.ts";

const SYMBOLS = {
  __errno_location: { parameters: [], result: "pointer" },
  open: { parameters: ["buffer", "i32", "u32"], result: "i32" },
  close: { parameters: ["i32"], result: "i32" },
  read: { parameters: ["i32", "buffer", "usize"], result: "i64" },
  write: { parameters: ["i32", "buffer", "usize"], result: "i64" },
  lseek: { parameters: ["i32", "i64", "i32"], result: "i64" },
  fsync: { parameters: ["i32"], result: "i32" },
  mkdir: { parameters: ["buffer", "u32"], result: "i32" },
  rename: { parameters: ["buffer", "buffer"], result: "i32" },
  symlink: { parameters: ["buffer", "buffer"], result: "i32" },
  pread64: { parameters: ["i32", "buffer", "usize", "i64"], result: "i64" },
  statx: { parameters: ["i32", "buffer", "i32", "u32", "buffer"], result: "i32" },
  getdents64: { parameters: ["i32", "buffer", "usize"], result: "i64" },
  readlink: { parameters: ["buffer", "buffer", "usize"], result: "i64" },
  access: { parameters: ["buffer", "i32"], result: "i32" },
  renameat2: { parameters: ["i32", "buffer", "i32", "buffer", "u32"], result: "i32" },
  kill: { parameters: ["i32", "i32"], result: "i32" },
  flock: { parameters: ["i32", "i32"], result: "i32" },
  setfsuid: { parameters: ["u32"], result: "i32" },
  setfsgid: { parameters: ["u32"], result: "i32" },
  ftruncate: { parameters: ["i32", "i64"], result: "i32" },
  pwrite: { parameters: ["i32", "buffer", "usize", "i64"], result: "i64" },
  syncfs: { parameters: ["i32"], result: "i32" },
  unlink: { parameters: ["buffer"], result: "i32" },
  utimensat: { parameters: ["i32", "buffer", "buffer", "i32"], result: "i32" },
} as const satisfies Deno.ForeignLibraryInterface;

const AT_FDCWD = -100;
const AT_SYMLINK_NOFOLLOW = 0x100;
const AT_EMPTY_PATH = 0x1000;
const STATX_BASIC_STATS = 0x7ff;
const RENAME_NOREPLACE = 1;
const X_OK = 1;
const W_OK = 2;
const SEEK_SET = 0;
const LOCK_EX = 2;
const LOCK_NB = 4;
const LOCK_UN = 8;

// open(2) flags: the generic ones, and those that aarch64 numbers differently (asm/fcntl.h).
const O_RDONLY = 0;
const O_WRONLY = 1;
const O_RDWR = 2;
const O_CREAT = 0o100;
const O_EXCL = 0o200;
const O_NONBLOCK = 0o4000;
const O_CLOEXEC = 0o2000000;
const [O_DIRECTORY, O_NOFOLLOW] = Deno.build.arch === "aarch64"
  ? [0o40000, 0o100000]
  : [0o200000, 0o400000];

const ENOENT = 2;
const EIO = 5;
/**
 * What futex(2), poll(2) and the like leave in errno, and a file's call does not, but for EINTR: that one is made again
 * anyway. Here EINTR, EAGAIN, ETIMEDOUT.
 */
const ERRNO_OF_WAITS: ReadonlySet<number> = new Set([0, 4, 11, 110]);
/** No call is made more often than that: a kernel that means EAGAIN is believed in the end. */
const MOST_CALLS = 100;

// errno(3), the numbers that x86_64 and aarch64 share (asm-generic/errno-base.h and errno.h).
const ERRNO: Readonly<Record<number, string>> = {
  1: "EPERM",
  3: "ESRCH",
  2: "ENOENT",
  4: "EINTR",
  5: "EIO",
  6: "ENXIO",
  11: "EAGAIN",
  12: "ENOMEM",
  13: "EACCES",
  16: "EBUSY",
  17: "EEXIST",
  18: "EXDEV",
  19: "ENODEV",
  20: "ENOTDIR",
  21: "EISDIR",
  22: "EINVAL",
  23: "ENFILE",
  24: "EMFILE",
  26: "ETXTBSY",
  27: "EFBIG",
  28: "ENOSPC",
  30: "EROFS",
  36: "ENAMETOOLONG",
  38: "ENOSYS",
  39: "ENOTEMPTY",
  40: "ELOOP",
  95: "EOPNOTSUPP",
  116: "ESTALE",
  117: "EUCLEAN",
  122: "EDQUOT",
};

/** st_mode's type bits, inode(7). */
const TYPES: Readonly<Record<number, FileType>> = {
  0o010000: "fifo",
  0o020000: "character-device",
  0o040000: "directory",
  0o060000: "block-device",
  0o100000: "file",
  0o120000: "symlink",
  0o140000: "socket",
};

const encoder = new TextEncoder();
const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** PATH_MAX, path_resolution(7): what is longer, with its NUL, is no path. */
const PATH_BYTES = 4096;

/** A path as the C library wants it, in memory that is used again for the next one. */
class CString {
  readonly #bytes = new Uint8Array(PATH_BYTES);

  /** Throws FsError: a NUL inside would cut it short, so it is refused. */
  of(operation: string, path: string): Uint8Array<ArrayBuffer> {
    if (path.includes("\0")) throw new FsError(operation, path, "EINVAL");
    const { read, written } = encoder.encodeInto(path, this.#bytes);
    if (read < path.length || written === PATH_BYTES) {
      throw new FsError(operation, path, "ENAMETOOLONG");
    }
    this.#bytes[written] = 0;
    return this.#bytes;
  }
}

const EMPTY_NAME = new Uint8Array(1);

function errorOf(operation: string, subject: string, errno: number): FsError {
  return new FsError(operation, subject, ERRNO[errno] ?? `errno ${errno}`);
}

/** The C library, opened once a process. Throws `Deno.errors.NotCapable` without the FFI permission. */
export class Libc {
  readonly #symbols: Deno.DynamicLibrary<typeof SYMBOLS>["symbols"];
  // One buffer each is enough: no call here is interrupted by another.
  readonly #path = new CString();
  readonly #secondPath = new CString();
  readonly #stat = new Uint8Array(256);
  readonly #statView = new DataView(this.#stat.buffer);
  readonly #names = new Uint8Array(64 * 1024);
  readonly #namesView = new DataView(this.#names.buffer);

  /** errno(3) itself, of this thread, which is the only one that an isolate ever runs on. */
  readonly #errno: Int32Array;

  constructor() {
    this.#symbols = Deno.dlopen("libc.so.6", SYMBOLS).symbols;
    const location = this.#symbols.__errno_location();
    if (location === null) throw new Error("the C library has no errno");
    this.#errno = new Int32Array(Deno.UnsafePointerView.getArrayBuffer(location, 4));
  }

  /** lstat with nanoseconds. */
  lstat(path: string): Stat {
    const name = this.#path.of("statx", path);
    this.#call("statx", path, () => this.#statx(AT_FDCWD, name, AT_SYMLINK_NOFOLLOW));
    return this.#statSeen();
  }

  /** The same; undefined when there is no such name. */
  findStat(path: string): Stat | undefined {
    const name = this.#path.of("statx", path);
    const result = this.#attempt(() => this.#statx(AT_FDCWD, name, AT_SYMLINK_NOFOLLOW));
    if (result === -ENOENT) return undefined;
    if (result < 0) throw errorOf("statx", path, -result);
    return this.#statSeen();
  }

  /** fstat with nanoseconds; `path` is for the message. */
  fstat(fd: number, path: string): Stat {
    this.#call("statx", path, () => this.#statx(fd, EMPTY_NAME, AT_EMPTY_PATH));
    return this.#statSeen();
  }

  #statx(fd: number, name: Uint8Array<ArrayBuffer>, flags: number): number {
    return this.#symbols.statx(fd, name, flags, STATX_BASIC_STATS, this.#stat);
  }

  /** What the last statx(2) told. */
  #statSeen(): Stat {
    // struct statx, statx(2): little-endian on both architectures.
    const at = this.#statView;
    const mode = at.getUint16(28, true);
    const time = (offset: number) =>
      at.getBigInt64(offset, true) * 1_000_000_000n + BigInt(at.getUint32(offset + 8, true));
    return {
      type: TYPES[mode & 0o170000] ?? "unknown",
      mode: mode & 0o7777,
      sizeBytes: Number(at.getBigUint64(40, true)),
      device: (BigInt(at.getUint32(136, true)) << 32n) | BigInt(at.getUint32(140, true)),
      inode: at.getBigUint64(32, true),
      uid: at.getUint32(20, true),
      gid: at.getUint32(24, true),
      ctimeNs: time(96),
      mtimeNs: time(112),
    };
  }

  /** All names of a directory but `.` and `..`, as the kernel gives them. */
  list(path: string): DirEntry[] {
    const fd = this.openDirectory(path);
    try {
      const entries: DirEntry[] = [];
      for (;;) {
        const got = this.#call(
          "getdents64",
          path,
          () => this.#symbols.getdents64(fd, this.#names, BigInt(this.#names.byteLength)),
        );
        if (got === 0) return entries;
        // struct linux_dirent64, getdents(2): the record's length at 16, the name from 19 to a NUL.
        for (let at = 0; at < got; at += this.#namesView.getUint16(at + 16, true)) {
          const start = at + 19;
          const end = this.#names.indexOf(0, start);
          if (isDots(this.#names, start, end)) continue;
          entries.push(entryOf(this.#names.subarray(start, end)));
        }
      }
    } finally {
      this.#symbols.close(fd);
    }
  }

  /** The target of a symbolic link, as bytes. */
  readLink(path: string): Uint8Array {
    const into = new Uint8Array(4097);
    const name = this.#path.of("readlink", path);
    const got = this.#call(
      "readlink",
      path,
      () => this.#symbols.readlink(name, into, BigInt(into.byteLength)),
    );
    return into.slice(0, got);
  }

  /** Opens for reading; never follows a link, never waits for a FIFO's other end. */
  openRead(path: string): number {
    return this.#open(path, O_RDONLY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC);
  }

  /**
   * Opens, and creates, a file to be locked. Children do not inherit it. With `owner`, which only root can ask for, a new
   * file is that user's from its first moment: nobody meets one that is root's (setfsuid(2), which is this thread's alone).
   */
  openLock(path: string, owner?: Owner): number {
    const flags = O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC;
    if (owner === undefined) return this.#open(path, flags);
    const gid = this.#symbols.setfsgid(owner.gid);
    const uid = this.#symbols.setfsuid(owner.uid);
    try {
      return this.#open(path, flags);
    } catch (error) {
      // Where the owner may not go, none of the owner's processes can be in the way.
      if (!(error instanceof FsError) || error.code !== "denied") throw error;
    } finally {
      this.#symbols.setfsuid(uid);
      this.#symbols.setfsgid(gid);
    }
    return this.#open(path, flags);
  }

  openDirectory(path: string): number {
    return this.#open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  }

  #open(path: string, flags: number, mode = 0o600): number {
    const name = this.#path.of("open", path);
    return this.#call("open", path, () => this.#symbols.open(name, flags, mode));
  }

  /** read(2); 0 at the end. `path` is for the message. */
  read(fd: number, into: Uint8Array<ArrayBuffer>, path: string): number {
    return this.#call("read", path, () => this.#symbols.read(fd, into, BigInt(into.byteLength)));
  }

  /** pread(2): reads at `offset` bytes, without moving the file's own offset. */
  readAt(fd: number, into: Uint8Array<ArrayBuffer>, offset: number, path: string): number {
    return this.#call(
      "pread",
      path,
      () => this.#symbols.pread64(fd, into, BigInt(into.byteLength), BigInt(offset)),
    );
  }

  close(fd: number): void {
    this.#symbols.close(fd);
  }

  /** Makes `bytes` all that the open file holds: for the few bytes in a lock file. */
  overwrite(fd: number, bytes: Uint8Array<ArrayBuffer>, path: string): void {
    if (this.#symbols.ftruncate(fd, 0n) !== 0) throw this.#error("ftruncate", path);
    if (Number(this.#symbols.pwrite(fd, bytes, BigInt(bytes.byteLength), 0n)) < 0) {
      throw this.#error("pwrite", path);
    }
  }

  unlink(path: string): void {
    const name = this.#path.of("unlink", path);
    this.#call("unlink", path, () => this.#symbols.unlink(name));
  }

  /**
   * flock(2) LOCK_UN. Closing alone is not enough: a child that was forked in this moment holds the open file, and
   * with it the lock, until its exec.
   */
  unlock(fd: number): void {
    this.#symbols.flock(fd, LOCK_UN);
  }

  /** flock(2) LOCK_EX | LOCK_NB: false when another open file holds the lock. */
  tryLock(fd: number, path: string): boolean {
    for (let left = MOST_CALLS;; left--) {
      if (this.#symbols.flock(fd, LOCK_EX | LOCK_NB) === 0) return true;
      const error = this.#error("flock", path);
      if (error.errno === "EAGAIN") return false;
      // As in #attempt: a wait's errno, in front of the call's own.
      if (left === 0 || !ERRNO_OF_WAITS.has(this.#errno[0] ?? 0)) throw error;
    }
  }

  /** Creates a file for writing: O_CREAT | O_EXCL. Children do not inherit it. */
  create(path: string, mode: number): number {
    return this.#open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
  }

  openWrite(path: string): number {
    return this.#open(path, O_WRONLY | O_NOFOLLOW | O_CLOEXEC);
  }

  /** write(2), of as many bytes as it takes; returns their number. */
  write(fd: number, bytes: Uint8Array<ArrayBuffer>, path: string): number {
    return this.#call(
      "write",
      path,
      () => this.#symbols.write(fd, bytes, BigInt(bytes.byteLength)),
    );
  }

  /** lseek(2) to `offset` bytes from the start. */
  seek(fd: number, offset: number, path: string): void {
    this.#call("lseek", path, () => this.#symbols.lseek(fd, BigInt(offset), SEEK_SET));
  }

  truncate(fd: number, sizeBytes: number, path: string): void {
    this.#call("ftruncate", path, () => this.#symbols.ftruncate(fd, BigInt(sizeBytes)));
  }

  /** fsync(2). */
  sync(fd: number, path: string): void {
    // Never made again: a fault of the disk is told once, and the second call would be content.
    if (this.#symbols.fsync(fd) !== 0) throw this.#error("fsync", path);
  }

  mkdir(path: string, mode: number): void {
    const name = this.#path.of("mkdir", path);
    this.#call("mkdir", path, () => this.#symbols.mkdir(name, mode));
  }

  symlink(target: string, path: string): void {
    const names = [this.#path.of("symlink", target), this.#secondPath.of("symlink", path)] as const;
    this.#call("symlink", path, () => this.#symbols.symlink(...names));
  }

  rename(from: string, to: string): void {
    const names = [this.#path.of("rename", from), this.#secondPath.of("rename", to)] as const;
    this.#call("rename", `${from} -> ${to}`, () => this.#symbols.rename(...names));
  }

  /** kill(2): tells a process something. Throws FsError `denied` when it is another user's, ESRCH when there is none. */
  signal(pid: number, number: number): void {
    if (this.#symbols.kill(pid, number) !== 0) throw this.#error("kill", `process ${pid}`);
  }

  /** syncfs(2) of the file system that `fd` lies on; `path` is for the message. */
  syncFileSystem(fd: number, path: string): void {
    // Never made again: a fault of the disk is told once, and the second call would be content.
    if (this.#symbols.syncfs(fd) !== 0) throw this.#error("syncfs", path);
  }

  /** access(2) with W_OK and X_OK: EACCES without the right, EROFS on a read-only file system, also for root. */
  checkWritable(path: string): void {
    const name = this.#path.of("access", path);
    this.#call("access", path, () => this.#symbols.access(name, W_OK | X_OK));
  }

  renameNoReplace(from: string, to: string): void {
    const names = [this.#path.of("renameat2", from), this.#secondPath.of("renameat2", to)] as const;
    this.#call(
      "renameat2",
      `${from} -> ${to}`,
      () => this.#symbols.renameat2(AT_FDCWD, names[0], AT_FDCWD, names[1], RENAME_NOREPLACE),
    );
  }

  /** Sets atime and mtime to `mtimeNs`, of a link itself if it is one. */
  setMtime(path: string, mtimeNs: bigint): void {
    const times = new DataView(new ArrayBuffer(32));
    let seconds = mtimeNs / 1_000_000_000n;
    let rest = mtimeNs % 1_000_000_000n;
    if (rest < 0n) [seconds, rest] = [seconds - 1n, rest + 1_000_000_000n];
    for (const at of [0, 16]) {
      times.setBigInt64(at, seconds, true);
      times.setBigInt64(at + 8, rest, true);
    }
    const bytes = new Uint8Array(times.buffer);
    const name = this.#path.of("utimensat", path);
    if (this.#symbols.utimensat(AT_FDCWD, name, bytes, AT_SYMLINK_NOFOLLOW) !== 0) {
      throw this.#error("utimensat", path);
    }
  }

  #call(operation: string, subject: string, call: () => number | bigint): number {
    const result = this.#attempt(call);
    if (result < 0) throw errorOf(operation, subject, -result);
    return result;
  }

  /**
   * What `call` returns; where that is below 0, minus its errno. Between the end of a call and the look at its errno the
   * runtime may have waited for another thread, and left that wait's errno there. A call that failed has done nothing, so
   * it is made again until errno is one of its own.
   */
  #attempt(call: () => number | bigint): number {
    for (let left = MOST_CALLS;; left--) {
      const result = Number(call());
      if (result >= 0) return result;
      const errno = this.#errno[0] ?? 0;
      if (left === 0 || !ERRNO_OF_WAITS.has(errno)) return -(errno || EIO);
    }
  }

  /** What the call before said, which is not made again. */
  #error(operation: string, subject: string): FsError {
    return errorOf(operation, subject, this.#errno[0] || EIO);
  }
}

/** Whether the name between these two is `.` or `..`. */
function isDots(names: Uint8Array, start: number, end: number): boolean {
  if (names[start] !== 0x2e) return false;
  return end - start === 1 || (end - start === 2 && names[start + 1] === 0x2e);
}

function entryOf(bytes: Uint8Array): DirEntry {
  try {
    return { name: utf8.decode(bytes) };
  } catch {
    return { name: undefined, bytes: bytes.slice() };
  }
}
