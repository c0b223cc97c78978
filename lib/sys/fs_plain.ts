/** The machine's file system behind {@link PlainFs}, by what the runtime offers. */
import {
  type BigIntStats,
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  openSync,
  readSync,
  statfsSync,
} from "node:fs";
import { type FileType, FsError, type PlainFs, type Stat, type WriteHandle } from "./fs.ts";
import { SharedSyncs } from "./shared_syncs.ts";

/** Runs `call`, translating what Deno or Node throws. Anything without an errno is a bug and passes through. */
function translate<T>(operation: string, subject: string, call: () => T): T {
  try {
    return call();
  } catch (error) {
    throw fsErrorOf(operation, subject, error);
  }
}

async function translateAsync<T>(
  operation: string,
  subject: string,
  call: () => Promise<T>,
): Promise<T> {
  try {
    return await call();
  } catch (error) {
    throw fsErrorOf(operation, subject, error);
  }
}

function fsErrorOf(operation: string, subject: string, error: unknown): unknown {
  if (!(error instanceof Error) || error instanceof Deno.errors.NotCapable) return error;
  const code = "code" in error && typeof error.code === "string" ? error.code : undefined;
  if (code?.startsWith("E")) return new FsError(operation, subject, code, { cause: error });
  if (error instanceof Deno.errors.NotFound) return new FsError(operation, subject, "ENOENT");
  if (error instanceof Deno.errors.AlreadyExists) return new FsError(operation, subject, "EEXIST");
  if (error instanceof Deno.errors.PermissionDenied) {
    return new FsError(operation, subject, "EACCES");
  }
  return error;
}

/** Done when it returns; what it throws becomes a rejection. */
function translatePrompt<T>(operation: string, subject: string, call: () => T): Promise<T> {
  return Promise.try(() => translate(operation, subject, call));
}

/** A write of at most so many bytes is a copy within the kernel. */
const PROMPT_WRITE_BYTES = 64 * 1024;
/** Freeing the blocks of a larger file takes a while. */
export const PROMPT_UNLINK_BYTES = 16 * 1024 * 1024;

class FileWriteHandle implements WriteHandle {
  constructor(
    private readonly file: Deno.FsFile,
    private readonly path: string,
  ) {}

  write(bytes: Uint8Array): Promise<void> {
    const { file, path } = this;
    if (bytes.byteLength <= PROMPT_WRITE_BYTES) {
      return translatePrompt("write", path, () => {
        for (let at = 0; at < bytes.byteLength;) at += file.writeSync(bytes.subarray(at));
      });
    }
    return translateAsync("write", path, async () => {
      for (let at = 0; at < bytes.byteLength;) at += await file.write(bytes.subarray(at));
    });
  }
  seek(offset: number): Promise<void> {
    return translatePrompt("lseek", this.path, () => {
      this.file.seekSync(offset, Deno.SeekMode.Start);
    });
  }
  truncate(sizeBytes: number): Promise<void> {
    return translateAsync("ftruncate", this.path, () => this.file.truncate(sizeBytes));
  }
  sync(): Promise<void> {
    return translateAsync("fsync", this.path, () => this.file.sync());
  }
  close(): void {
    this.file.close();
  }
}

function typeOf(stat: BigIntStats): FileType {
  if (stat.isFile()) return "file";
  if (stat.isDirectory()) return "directory";
  if (stat.isSymbolicLink()) return "symlink";
  if (stat.isFIFO()) return "fifo";
  if (stat.isSocket()) return "socket";
  if (stat.isCharacterDevice()) return "character-device";
  if (stat.isBlockDevice()) return "block-device";
  return "unknown";
}

function statOf(stat: BigIntStats): Stat {
  return {
    type: typeOf(stat),
    mode: Number(stat.mode & 0o7777n),
    sizeBytes: Number(stat.size),
    device: stat.dev,
    inode: stat.ino,
    uid: Number(stat.uid),
    gid: Number(stat.gid),
    mtimeNs: stat.mtimeNs,
    ctimeNs: stat.ctimeNs,
  };
}

/**
 * The whole of a small regular file, through links: for certificates and the like, which an operator may have linked
 * to where they are issued. Throws FsError; `EFBIG` above `limitBytes`, `EINVAL` when it is not a regular file.
 */
export function readSmallFile(path: string, limitBytes: number): Uint8Array<ArrayBuffer> {
  return translate("read", path, () => {
    // Looked at first: opening a FIFO would block the whole process.
    const { isFile, size } = Deno.statSync(path);
    if (!isFile) throw new FsError("read", path, "EINVAL");
    if (size > limitBytes) throw new FsError("read", path, "EFBIG");
    return Deno.readFileSync(path);
  });
}

/**
 * The file system through Deno alone. Its limits: times are whole milliseconds, and names that are not UTF-8
 * are missing from `list`, so it is for directories whose names this program gives itself.
 *
 * What the kernel does in its own memory is done at once: the way to another thread and back costs more than the call, and
 * one episode takes forty of them. What waits for the disk, fsync(2) above all, goes that way.
 */
export function plainFs(): PlainFs {
  const syncs = new SharedSyncs((path) => translateAsync("fsync", path, () => syncDirectory(path)));
  const lstat = (path: string) =>
    translate("lstat", path, () => statOf(lstatSync(path, { bigint: true })));
  return {
    lstat,
    findStat: (path) =>
      translate("lstat", path, () => {
        const stat = lstatSync(path, { bigint: true, throwIfNoEntry: false });
        return stat === undefined ? undefined : statOf(stat);
      }),
    list: (path) =>
      translate(
        "readdir",
        path,
        () => Array.from(Deno.readDirSync(path), ({ name }) => ({ name })),
      ),
    openRead: (path) =>
      translate("open", path, () => {
        const flags = constants.O_RDONLY | constants.O_NONBLOCK;
        const fd = openSync(path, flags);
        return {
          stat: () => translate("fstat", path, () => statOf(fstatSync(fd, { bigint: true }))),
          read: (into) => translate("read", path, () => readSync(fd, into)),
          readAt: (into, offset) =>
            translate("pread", path, () => readSync(fd, into, 0, into.byteLength, offset)),
          close: () => closeSync(fd),
        };
      }),
    readLink: (path) =>
      translate("readlink", path, () => new TextEncoder().encode(Deno.readLinkSync(path))),
    space: (path) =>
      translate("statfs", path, () => {
        const { bavail, blocks, bsize } = statfsSync(path);
        return { freeBytes: bavail * bsize, totalBytes: blocks * bsize };
      }),
    create: (path, mode = 0o600) =>
      translatePrompt("open", path, () => {
        const file = Deno.openSync(path, { write: true, createNew: true, mode });
        return new FileWriteHandle(file, path);
      }),
    openWrite: (path) =>
      translatePrompt(
        "open",
        path,
        () => new FileWriteHandle(Deno.openSync(path, { write: true }), path),
      ),
    rename: (from, to) =>
      translatePrompt("rename", `${from} -> ${to}`, () => Deno.renameSync(from, to)),
    link: (from, to) => translatePrompt("link", `${from} -> ${to}`, () => Deno.linkSync(from, to)),
    // Deno.remove takes a file or an empty directory, whichever is there: each call has to look for its own kind.
    unlink: (path) =>
      translateAsync("unlink", path, async () => {
        const { type, sizeBytes } = lstat(path);
        if (type === "directory") throw new FsError("unlink", path, "EISDIR");
        if (sizeBytes > PROMPT_UNLINK_BYTES) await Deno.remove(path);
        else Deno.removeSync(path);
      }),
    mkdir: (path, mode = 0o700) =>
      translatePrompt("mkdir", path, () => Deno.mkdirSync(path, { mode })),
    rmdir: (path) =>
      translatePrompt("rmdir", path, () => {
        if (lstat(path).type !== "directory") throw new FsError("rmdir", path, "ENOTDIR");
        Deno.removeSync(path);
      }),
    chmod: (path, mode) => translatePrompt("chmod", path, () => Deno.chmodSync(path, mode)),
    chown: (path, uid, gid) => translatePrompt("chown", path, () => Deno.chownSync(path, uid, gid)),
    syncDir: (path) => syncs.sync(path),
  };
}

async function syncDirectory(path: string): Promise<void> {
  const directory = Deno.openSync(path, { read: true });
  try {
    await directory.sync();
  } finally {
    directory.close();
  }
}
