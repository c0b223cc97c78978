/**
 * The queue under the hand of an operator, who may come before the first shipper, beside one, or as the wrong user: what
 * his commands need is looked at first, so that none of them ends half done.
 */
import { ensureDirDurably, isFsError } from "../sys/mod.ts";
import { QueueError } from "./error.ts";
import type { Layout } from "./layout.ts";
import type { Queue } from "./queue.ts";

/** What a command of an operator needs of the queue. */
export type OperatorDisk = Pick<Queue, "fs" | "layout" | "locks" | "clock">;

function workplacesOf(layout: Layout): readonly string[] {
  return [layout.outbox, layout.shelf("quarantine"), layout.locks];
}

/**
 * Looks whether episodes could be moved here, changing nothing. Throws QueueError: `split` where a directory is none, or
 * lies on another file system; `denied` and `read-only` where this process may not write; FsError.
 */
export function checkDirectories({ fs, layout }: Pick<Queue, "fs" | "layout">): void {
  const { device } = fs.lstat(layout.episodes);
  checkWritable(fs, layout.episodes);
  for (const directory of workplacesOf(layout)) {
    const found = fs.findStat(directory);
    if (found === undefined) {
      checkWritable(fs, layout.dataDir);
      continue;
    }
    if (found.type !== "directory" || found.device !== device) {
      const what = found.type === "directory" ? "on another file system" : `a ${found.type}`;
      throw new QueueError(
        "split",
        directory,
        `${directory} is ${what}; no episode could be moved there in one step`,
        `make it a directory on the file system of ${layout.episodes}`,
      );
    }
    checkWritable(fs, directory);
  }
}

function checkWritable(fs: Pick<Queue["fs"], "checkWritable">, path: string): void {
  try {
    fs.checkWritable(path);
  } catch (error) {
    if (!isFsError(error)) throw error;
    if (error.errno === "EROFS") {
      const words = `${path} is on a read-only file system; nothing was changed`;
      throw new QueueError("read-only", path, words, `findmnt -T ${path} tells which; see dmesg`);
    }
    if (error.code !== "denied") throw error;
    const words = `this user may not change ${path}; nothing was changed`;
    const hint = "run it as root, or as the user that owns the data directory";
    throw new QueueError("denied", path, words, hint);
  }
}

/** Makes what the first shipper would make. Throws FsError. */
export async function prepareDirectories(
  { fs, layout }: Pick<Queue, "fs" | "layout">,
): Promise<void> {
  for (const directory of workplacesOf(layout)) {
    await ensureDirDurably(fs, directory, { mode: 0o750 });
  }
}
