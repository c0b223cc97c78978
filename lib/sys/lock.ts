/**
 * Locks between processes: flock(2) on a file, without waiting. The kernel drops a lock when its process ends, however it
 * ends, so none is ever stale.
 */
import type { Owner } from "./durable.ts";
import { isFsError } from "./fs.ts";
import type { Libc } from "./libc.ts";

/** A lock that is held. */
export interface Lock {
  /** Makes `text` the content of the lock file: who holds it, for people and for {@link Locks.tryLock}. */
  write(text: string): void;
  /**
   * Makes it the lock of `path` instead, by renaming its file; false if that one has a file already, which may be held. Cheaper
   * than a release and another lock by far: some file systems look for a free inode at length after one was given back.
   * Throws FsError.
   */
  moveTo(path: string): boolean;
  /** Gives the lock back; once more is harmless. */
  release(): void;
}

export interface Locks {
  /**
   * The lock of the file `path`, which is made if need be; undefined when someone else holds it, this process included.
   * With `remove`, releasing removes the file, so that a directory of locks stays empty. Throws FsError.
   */
  tryLock(path: string, options?: { readonly remove?: boolean }): Lock | undefined;
}

/** A holder may remove the file between our open and our flock; each round means that another one did. */
const ROUNDS = 100;

/**
 * Locks through the C library. `owner`: whose the files are, for root beside a service of that user; the service could not
 * even ask for a lock in a file of root's.
 */
export function fileLocks(libc: Libc, owner?: Owner): Locks {
  return {
    tryLock(path, options = {}) {
      for (let round = 0; round < ROUNDS; round++) {
        const fd = libc.openLock(path, owner);
        const lock = findLock(libc, fd, path, options.remove ?? false);
        if (lock !== "other-file") return lock;
      }
      return undefined;
    },
  };
}

function findLock(
  libc: Libc,
  fd: number,
  path: string,
  remove: boolean,
): Lock | undefined | "other-file" {
  let kept = false;
  try {
    if (!libc.tryLock(fd, path)) return undefined;
    // A lock on a file that lost its name excludes nobody: the next one makes a file of its own.
    if (!hasName(libc, fd, path)) return "other-file";
    kept = true;
    return heldLock(libc, fd, path, remove);
  } finally {
    if (!kept) libc.close(fd);
  }
}

function hasName(libc: Libc, fd: number, path: string): boolean {
  try {
    const named = libc.lstat(path);
    const open = libc.fstat(fd, path);
    return named.inode === open.inode && named.device === open.device;
  } catch (error) {
    if (isFsError(error, "gone")) return false;
    throw error;
  }
}

function heldLock(libc: Libc, fd: number, taken: string, remove: boolean): Lock {
  let held = true;
  let path = taken;
  return {
    write: (text) => libc.overwrite(fd, new TextEncoder().encode(text), path),
    moveTo: (next) => {
      // Whoever has opened the file by its old name finds that it has lost it.
      try {
        libc.renameNoReplace(path, next);
      } catch (error) {
        if (isFsError(error, "exists")) return false;
        throw error;
      }
      path = next;
      return true;
    },
    release: () => {
      if (!held) return;
      held = false;
      try {
        // While the lock is held: after it, the name may be another holder's.
        if (remove && hasName(libc, fd, path)) libc.unlink(path);
      } catch (error) {
        // An empty file stays; it locks nobody out.
        if (!isFsError(error)) throw error;
      } finally {
        libc.unlock(fd);
        libc.close(fd);
      }
    },
  };
}
