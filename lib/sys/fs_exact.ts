/** The machine's file system behind {@link Fs}: every name, every nanosecond, no link followed. By the C library. */
import type { Fs, PlainFs, TreeFs, WriteHandle } from "./fs.ts";
import { plainFs, PROMPT_UNLINK_BYTES } from "./fs_plain.ts";
import type { Libc } from "./libc.ts";

/** Done when it returns; what `call` throws becomes a rejection. */
function prompt<T>(call: () => T): Promise<T> {
  return Promise.try(call);
}

/** What waits for the disk is given to another thread. */
export function exactFs(libc: Libc): Fs {
  const plain = plainFs();
  return {
    ...plain,
    ...looking(libc),
    rename: (from, to) => prompt(() => libc.rename(from, to)),
    unlink: async (path) => {
      // Freeing the blocks of a large file takes a while.
      const isLarge = libc.lstat(path).sizeBytes > PROMPT_UNLINK_BYTES;
      if (isLarge) await plain.unlink(path);
      else libc.unlink(path);
    },
    mkdir: (path, mode = 0o700) => prompt(() => libc.mkdir(path, mode)),
  };
}

/**
 * The same for a thread that has nothing else to do meanwhile, such as a worker, or a command of an operator's: nothing is
 * given to another thread, and each step is one system call.
 */
export function blockingFs(libc: Libc): Fs {
  return {
    ...exactFs(libc),
    create: (path, mode = 0o600) =>
      prompt(() => new BlockingWriteHandle(libc, libc.create(path, mode), path)),
    openWrite: (path) => prompt(() => new BlockingWriteHandle(libc, libc.openWrite(path), path)),
    unlink: (path) => prompt(() => libc.unlink(path)),
    syncDir: (path) =>
      prompt(() => {
        const fd = libc.openDirectory(path);
        try {
          libc.sync(fd, path);
        } finally {
          libc.close(fd);
        }
      }),
  };
}

/** {@link exactFs}, with what lays out trees. */
export function treeFs(libc: Libc): TreeFs {
  return {
    ...exactFs(libc),
    symlink: (target, path) => prompt(() => libc.symlink(target, path)),
    setMtime: (path, mtimeNs) => libc.setMtime(path, mtimeNs),
  };
}

type Looking =
  & Pick<PlainFs, "lstat" | "findStat" | "list" | "openRead" | "readLink">
  & Pick<Fs, "openDisk" | "checkWritable" | "renameNoReplace">;

function looking(libc: Libc): Looking {
  return {
    lstat: (path) => libc.lstat(path),
    findStat: (path) => libc.findStat(path),
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
    openDisk: (path) => {
      const fd = libc.openDirectory(path);
      return {
        sync: () => prompt(() => libc.syncFileSystem(fd, path)),
        close: () => libc.close(fd),
      };
    },
    checkWritable: (path) => libc.checkWritable(path),
    renameNoReplace: (from, to) => prompt(() => libc.renameNoReplace(from, to)),
  };
}

class BlockingWriteHandle implements WriteHandle {
  #open = true;

  constructor(
    private readonly libc: Libc,
    private readonly fd: number,
    private readonly path: string,
  ) {}

  write(bytes: Uint8Array<ArrayBuffer>): Promise<void> {
    return prompt(() => {
      for (let at = 0; at < bytes.byteLength;) {
        at += this.libc.write(this.fd, bytes.subarray(at), this.path);
      }
    });
  }
  seek(offset: number): Promise<void> {
    return prompt(() => this.libc.seek(this.fd, offset, this.path));
  }
  truncate(sizeBytes: number): Promise<void> {
    return prompt(() => this.libc.truncate(this.fd, sizeBytes, this.path));
  }
  sync(): Promise<void> {
    return prompt(() => this.libc.sync(this.fd, this.path));
  }
  close(): void {
    // A number that was given back may be another file's by now.
    if (this.#open) this.libc.close(this.fd);
    this.#open = false;
  }
}
