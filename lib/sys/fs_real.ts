/** The machine's file system behind {@link PlainFs} and {@link Fs}. */
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
import {
  type FileType,
  type Fs,
  FsError,
  type PlainFs,
  type Stat,
  type WriteHandle,
} from "./fs.ts";
import type { Libc } from "./libc.ts";

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

class FileWriteHandle implements WriteHandle {
  constructor(private readonly file: Deno.FsFile, private readonly path: string) {}

  write(bytes: Uint8Array): Promise<void> {
    return translateAsync("write", this.path, async () => {
      for (let at = 0; at < bytes.byteLength;) at += await this.file.write(bytes.subarray(at));
    });
  }
  seek(offset: number): Promise<void> {
    return translateAsync("lseek", this.path, async () => {
      await this.file.seek(offset, Deno.SeekMode.Start);
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
 */
export function plainFs(): PlainFs {
  return {
    lstat: (path) => translate("lstat", path, () => statOf(lstatSync(path, { bigint: true }))),
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
      translateAsync(
        "open",
        path,
        async () =>
          new FileWriteHandle(await Deno.open(path, { write: true, createNew: true, mode }), path),
      ),
    openWrite: (path) =>
      translateAsync(
        "open",
        path,
        async () => new FileWriteHandle(await Deno.open(path, { write: true }), path),
      ),
    rename: (from, to) => translateAsync("rename", `${from} -> ${to}`, () => Deno.rename(from, to)),
    link: (from, to) => translateAsync("link", `${from} -> ${to}`, () => Deno.link(from, to)),
    // Deno.remove takes a file or an empty directory, whichever is there: each call has to look for its own kind.
    unlink: (path) =>
      translateAsync("unlink", path, async () => {
        if ((await Deno.lstat(path)).isDirectory) throw new FsError("unlink", path, "EISDIR");
        await Deno.remove(path);
      }),
    mkdir: (path, mode = 0o700) => translateAsync("mkdir", path, () => Deno.mkdir(path, { mode })),
    rmdir: (path) =>
      translateAsync("rmdir", path, async () => {
        if (!(await Deno.lstat(path)).isDirectory) throw new FsError("rmdir", path, "ENOTDIR");
        await Deno.remove(path);
      }),
    chmod: (path, mode) => translateAsync("chmod", path, () => Deno.chmod(path, mode)),
    chown: (path, uid, gid) => translateAsync("chown", path, () => Deno.chown(path, uid, gid)),
    syncDir: (path) =>
      translateAsync("fsync", path, async () => {
        const directory = await Deno.open(path, { read: true });
        try {
          await directory.sync();
        } finally {
          directory.close();
        }
      }),
  };
}

/** The file system seen exactly: every name, every nanosecond, no link followed. Needs the C library. */
export function exactFs(libc: Libc): Fs {
  return {
    ...plainFs(),
    lstat: (path) => libc.lstat(path),
    list: (path) => libc.list(path),
    openRead: (path) => {
      const fd = libc.openRead(path);
      let open = true;
      return {
        stat: () => libc.fstat(fd, path),
        read: (into) => libc.read(fd, into, path),
        readAt: (into, offset) => libc.readAt(fd, into, offset, path),
        close: () => {
          if (open) libc.close(fd);
          open = false;
        },
      };
    },
    readLink: (path) => libc.readLink(path),
    renameNoReplace: (from, to) => new Promise((done) => done(libc.renameNoReplace(from, to))),
  };
}
