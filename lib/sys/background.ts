/**
 * Reading a whole disk beside programs that matter more: behind them, and without filling the page cache. Needs the FFI
 * permission.
 */
import type { ReadHandle } from "./fs.ts";
import { FsError } from "./fs.ts";
import type { Libc } from "./libc.ts";

const SYMBOLS = {
  setpriority: { parameters: ["i32", "u32", "i32"], result: "i32" },
  syscall: { parameters: ["i64", "i64", "i64", "i64"], result: "i64" },
  posix_fadvise: { parameters: ["i32", "i64", "i64", "i32"], result: "i32" },
} as const satisfies Deno.ForeignLibraryInterface;

const PRIO_PROCESS = 0;
const NICEST = 19;
/** ioprio_set(2), which the C library has no function for. */
const SYS_IOPRIO_SET = Deno.build.arch === "aarch64" ? 30n : 251n;
const IOPRIO_WHO_PROCESS = 1n;
const IOPRIO_CLASS_IDLE = 3n << 13n;
const POSIX_FADV_DONTNEED = 4;

export class Background {
  readonly #symbols = Deno.dlopen("libc.so.6", SYMBOLS).symbols;

  constructor(private readonly libc: Libc) {}

  /**
   * The calling thread, which is the one that JavaScript and synchronous reading run in, gets the processor when no other
   * wants it, and, where the disk's scheduler knows classes, the disk. False when the kernel refused one of the two.
   */
  lowerPriority(): boolean {
    const { setpriority, syscall } = this.#symbols;
    const isNice = setpriority(PRIO_PROCESS, 0, NICEST) === 0;
    const isIdle = syscall(SYS_IOPRIO_SET, IOPRIO_WHO_PROCESS, 0n, IOPRIO_CLASS_IDLE) === 0n;
    return isNice && isIdle;
  }

  /**
   * Opens a regular file such that it is read from the disk: what the page cache holds of it (and is not dirty) is dropped
   * now, since it would hide what has become of the disk, and once more at `close`. Throws FsError.
   */
  openRead(path: string): ReadHandle {
    const { libc } = this;
    const fd = libc.openRead(path);
    let isOpen = true;
    const close = () => {
      if (isOpen) libc.close(fd);
      isOpen = false;
    };
    try {
      const { type } = libc.fstat(fd, path);
      if (type !== "file") throw new FsError("open", path, "EINVAL");
      this.#forget(fd);
    } catch (error) {
      close();
      throw error;
    }
    return {
      stat: () => libc.fstat(fd, path),
      read: (into) => libc.read(fd, into, path),
      readAt: (into, offset) => libc.readAt(fd, into, offset, path),
      close: () => {
        if (isOpen) this.#forget(fd);
        close();
      },
    };
  }

  /** A file system that can't leaves the pages where they are; then the cache is what is read. */
  #forget(fd: number): void {
    this.#symbols.posix_fadvise(fd, 0n, 0n, POSIX_FADV_DONTNEED);
  }
}
