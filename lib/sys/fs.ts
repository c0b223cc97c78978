/**
 * The file system as a parameter: what the program asks of it, by the names of the system calls.
 *
 * Looking (`lstat`, `list`, `openRead`, `readLink`, `space`) is synchronous: it is served from the page cache
 * in microseconds, and the packer runs it in a worker of its own. Whatever changes the disk or waits for
 * it is asynchronous, so that a slow disk never stops a signal handler or another upload.
 */

export type FileType =
  | "file"
  | "directory"
  | "symlink"
  | "fifo"
  | "socket"
  | "character-device"
  | "block-device"
  | "unknown";

/** What lstat(2) tells about one name. */
export interface Stat {
  readonly type: FileType;
  /** Permission bits with setuid, setgid and sticky: 0o0000 to 0o7777. */
  readonly mode: number;
  readonly sizeBytes: number;
  readonly device: bigint;
  readonly inode: bigint;
  readonly uid: number;
  readonly gid: number;
  readonly mtimeNs: bigint;
  readonly ctimeNs: bigint;
}

/** One name in a directory. Linux names are bytes; `name` is set only when they are valid UTF-8. */
export type DirEntry =
  | { readonly name: string }
  | { readonly name: undefined; readonly bytes: Uint8Array };

/** An open file that is read. Reading is synchronous. */
export interface ReadHandle {
  /** fstat(2) of the open file, whatever its name points at by now. */
  stat(): Stat;
  /** Fills `into` as far as one read(2) goes; 0 is the end of the file. */
  read(into: Uint8Array<ArrayBuffer>): number;
  /** pread(2): the same from `offset` bytes after the start, without moving what `read` reads next. */
  readAt(into: Uint8Array<ArrayBuffer>, offset: number): number;
  close(): void;
}

/** An open file that is written. */
export interface WriteHandle {
  /** Appends all of `bytes` at the current offset. */
  write(bytes: Uint8Array): Promise<void>;
  /** Moves the offset, in bytes from the start. */
  seek(offset: number): Promise<void>;
  /** ftruncate(2) to `sizeBytes`. */
  truncate(sizeBytes: number): Promise<void>;
  /** fsync(2): returns when bytes and length are on the disk. After a failure the file must be written anew. */
  sync(): Promise<void>;
  close(): void;
}

export interface Space {
  /** Bytes that an unprivileged user may still write. */
  readonly freeBytes: number;
  readonly totalBytes: number;
}

/** Every operation throws {@link FsError}. No operation follows a symbolic link in its last part. */
export interface PlainFs {
  lstat(path: string): Stat;
  /** lstat; undefined when there is no such name. Cheaper than the error by far, where a name is often missing. */
  findStat(path: string): Stat | undefined;
  /** All names of a directory but `.` and `..`, in no order. */
  list(path: string): DirEntry[];
  /** Opens for reading without blocking on a FIFO; the caller compares `stat()` with what it saw before. */
  openRead(path: string): ReadHandle;
  /** The bytes of a link's target, as they are. */
  readLink(path: string): Uint8Array;
  space(path: string): Space;

  /** O_CREAT | O_EXCL: throws `exists` when the name is taken. `mode` is 0o600 unless said. */
  create(path: string, mode?: number): Promise<WriteHandle>;
  /** Opens an existing file for writing, the offset at its start. */
  openWrite(path: string): Promise<WriteHandle>;
  /** Atomic; replaces what has the name `to`. */
  rename(from: string, to: string): Promise<void>;
  /** link(2): a second name, throws `exists` when it is taken. */
  link(from: string, to: string): Promise<void>;
  unlink(path: string): Promise<void>;
  mkdir(path: string, mode?: number): Promise<void>;
  rmdir(path: string): Promise<void>;
  chmod(path: string, mode: number): Promise<void>;
  chown(path: string, uid: number, gid: number): Promise<void>;
  /** fsync(2) of a directory: the names in it are on the disk when it returns. */
  syncDir(path: string): Promise<void>;
}

/** A whole file system, held open. */
export interface DiskHandle {
  /**
   * syncfs(2): when it returns, all that was changed in it before is on the disk, whoever changed it. Throws what failed
   * since the handle was opened (Linux 5.8 and later), so it is opened before the first change.
   */
  sync(): Promise<void>;
  close(): void;
}

/** The file system with what only the C library offers. */
export interface Fs extends PlainFs {
  /** renameat2(2) with RENAME_NOREPLACE: throws `exists` when `to` is taken, also by an empty directory. */
  renameNoReplace(from: string, to: string): Promise<void>;
  /** The file system on which the directory `path` lies. */
  openDisk(path: string): DiskHandle;
  /** access(2): throws unless this process may make and remove names in the directory `path`. */
  checkWritable(path: string): void;
}

/** What it takes to lay out a tree exactly as it was. */
export interface TreeFs extends Fs {
  /** A symbolic link with the name `path`; throws `exists` when it is taken. */
  symlink(target: string, path: string): Promise<void>;
  /** Sets atime and mtime in nanoseconds since the epoch, of a link itself if it is one. */
  setMtime(path: string, mtimeNs: bigint): void;
}

/**
 * What a caller can act upon. `full`: ENOSPC, EDQUOT. `broken`: EIO, EROFS and other faults of the medium.
 * `busy`: EMFILE, ENFILE, EAGAIN, EBUSY, ENOMEM. `gone`: ENOENT. `denied`: EACCES, EPERM.
 */
export type FsErrorCode =
  | "full"
  | "broken"
  | "busy"
  | "gone"
  | "denied"
  | "exists"
  | "not-empty"
  | "not-a-directory"
  | "is-a-directory"
  | "link"
  | "name-too-long"
  | "other";

const CODES: Readonly<Record<string, FsErrorCode>> = {
  ENOSPC: "full",
  EDQUOT: "full",
  EFBIG: "full",
  EIO: "broken",
  EROFS: "broken",
  ENXIO: "broken",
  ENODEV: "broken",
  ESTALE: "broken",
  EUCLEAN: "broken",
  EMFILE: "busy",
  ENFILE: "busy",
  EAGAIN: "busy",
  EBUSY: "busy",
  ENOMEM: "busy",
  ETXTBSY: "busy",
  ENOENT: "gone",
  EACCES: "denied",
  EPERM: "denied",
  EEXIST: "exists",
  ENOTEMPTY: "not-empty",
  ENOTDIR: "not-a-directory",
  EISDIR: "is-a-directory",
  ELOOP: "link",
  ENAMETOOLONG: "name-too-long",
};

/** A file system operation that failed: errno is translated here and nowhere else. */
export class FsError extends Error {
  override readonly name = "FsError";
  readonly code: FsErrorCode;

  constructor(
    /** The system call, for example `rename`. */
    readonly operation: string,
    /** The path it was asked for. */
    readonly subject: string,
    /** The name of the errno, for example `ENOSPC`; `UNKNOWN` when the runtime gave none. */
    readonly errno: string,
    options?: ErrorOptions,
  ) {
    super(`${operation} ${subject}: ${errno}`, options);
    this.code = CODES[errno] ?? "other";
  }
}

/** True when `error` is a file system error with one of `codes`. */
export function isFsError(error: unknown, ...codes: FsErrorCode[]): error is FsError {
  return error instanceof FsError && (codes.length === 0 || codes.includes(error.code));
}
