/**
 * Steps that hold when they return, through a crash of the process and a power cut. Each shows its system calls, and
 * says which cut each sync is for.
 *
 * What POSIX promises, and no more: bytes and length of a file are on the disk after fsync(2) of that file; a
 * name is on the disk after fsync(2) of its directory, and not by the file's own fsync. After a failed fsync the
 * kernel may have dropped the dirty pages and called them clean, so the file is written anew, never synced again:
 * Rebello et al., "Can Applications Recover from fsync Failures?", USENIX ATC 2020; Pillai et al., "All File Systems
 * Are Not Created Equal", OSDI 2014.
 *
 * A name that exists need not be durable: the process that gave it may have been killed before its sync. So a
 * step that finds its work done syncs nevertheless.
 */
import { isFsError, type PlainFs } from "./fs.ts";

/** Whom new files belong to, where root acts for a service. */
export interface Owner {
  readonly uid: number;
  readonly gid: number;
}

export interface NewFileOptions {
  /** 0o600 unless said. */
  readonly mode?: number;
  /** Given before the file gets its final name. */
  readonly owner?: Owner;
}

/** The directory that holds the name `path`. */
export function parentOf(path: string): string {
  const cut = path.lastIndexOf("/");
  if (cut < 0) return ".";
  return cut === 0 ? "/" : path.slice(0, cut);
}

/**
 * A new file with these bytes, synced; its name is not durable yet. Throws FsError: `exists` when the name is taken. After
 * any other failure nothing of it is left.
 *
 * open(O_CREAT|O_EXCL), write, fchmod, chown, fsync, close
 */
export async function createSynced(
  fs: Pick<PlainFs, "create" | "chmod" | "chown" | "unlink">,
  path: string,
  bytes: Uint8Array,
  options: NewFileOptions = {},
): Promise<void> {
  const mode = options.mode ?? 0o600;
  const file = await fs.create(path, mode);
  try {
    try {
      await file.write(bytes);
      // The umask may have taken bits away.
      await fs.chmod(path, mode);
      if (options.owner !== undefined) {
        await fs.chown(path, options.owner.uid, options.owner.gid);
      }
      // A cut after the name is durable, but before this, would leave a short file under it.
      await file.sync();
    } finally {
      file.close();
    }
  } catch (error) {
    await removeLeftover(fs, path);
    throw error;
  }
}

/**
 * Puts these bytes under `path`, replacing what was there: a reader, and a power cut, sees the old file or the new one,
 * each whole. One writer a path at a time; `<path>.new` is its work in progress, and a killed writer's is removed.
 *
 * unlink(new), open(new, O_CREAT|O_EXCL), write, fsync, rename(new, path), fsync(parent)
 */
export async function writeFileDurably(
  fs: Pick<PlainFs, "create" | "chmod" | "chown" | "unlink" | "rename" | "syncDir">,
  path: string,
  bytes: Uint8Array,
  options: NewFileOptions = {},
): Promise<void> {
  await replaceFile(fs, path, bytes, options);
  // A cut before this brings the old file back.
  await fs.syncDir(parentOf(path));
}

/**
 * The same without the last sync: which of the two files a power cut leaves is open until somebody syncs the directory.
 *
 * unlink(new), open(new, O_CREAT|O_EXCL), write, fsync, rename(new, path)
 */
export async function replaceFile(
  fs: Pick<PlainFs, "create" | "chmod" | "chown" | "unlink" | "rename">,
  path: string,
  bytes: Uint8Array,
  options: NewFileOptions = {},
): Promise<void> {
  const fresh = `${path}.new`;
  await unlinkIfThere(fs, fresh);
  await createSynced(fs, fresh, bytes, options);
  try {
    await fs.rename(fresh, path);
  } catch (error) {
    await removeLeftover(fs, fresh);
    throw error;
  }
}

/**
 * Gives the synced file `from` the name `to`, never replacing anything. `taken`: `to` exists, nothing was changed. When it
 * returns, `to` is durable, whoever linked it; `from` keeps its name.
 *
 * link(from, to), fsync(parent of to)
 */
export async function linkIfAbsent(
  fs: Pick<PlainFs, "link" | "syncDir">,
  from: string,
  to: string,
): Promise<"linked" | "taken"> {
  let result: "linked" | "taken" = "linked";
  try {
    await fs.link(from, to);
  } catch (error) {
    if (!isFsError(error, "exists")) throw error;
    result = "taken";
  }
  // A cut before this takes the name back; for `taken`, the other writer may have been killed before its own.
  await fs.syncDir(parentOf(to));
  return result;
}

/**
 * Moves the synced file or directory `from` to `to`, replacing a file there.
 *
 * rename(from, to), fsync(parent of to), fsync(parent of from)
 */
export async function renameDurably(
  fs: Pick<PlainFs, "rename" | "syncDir">,
  from: string,
  to: string,
): Promise<void> {
  await fs.rename(from, to);
  await syncMove(fs, from, to);
}

/**
 * The syncs behind a rename that was done by other means, for example renameat2(2).
 *
 * fsync(parent of to), fsync(parent of from)
 */
export async function syncMove(
  fs: Pick<PlainFs, "syncDir">,
  from: string,
  to: string,
): Promise<void> {
  // The new name first: a cut between the two leaves both names rather than none.
  await fs.syncDir(parentOf(to));
  if (parentOf(from) !== parentOf(to)) await fs.syncDir(parentOf(from));
}

/**
 * The directory `path` and its parents exist, durably. What has the name `path` already is not looked at: the first use of
 * it fails where it is no directory.
 *
 * mkdir (each missing part), fsync (each parent of a made part, and the parent of the first one found)
 */
export async function ensureDirDurably(
  fs: Pick<PlainFs, "mkdir" | "chown" | "syncDir">,
  path: string,
  options: NewFileOptions = {},
): Promise<void> {
  try {
    await fs.mkdir(path, options.mode ?? 0o700);
    if (options.owner !== undefined) await fs.chown(path, options.owner.uid, options.owner.gid);
  } catch (error) {
    if (isFsError(error, "gone") && parentOf(path) !== path) {
      await ensureDirDurably(fs, parentOf(path), options);
      return await ensureDirDurably(fs, path, options);
    }
    if (!isFsError(error, "exists")) throw error;
  }
  // A cut before this would take the directory away, and every synced file in it.
  await fs.syncDir(parentOf(path));
}

/**
 * Removes the name `path`, durably; false when there is none.
 *
 * unlink, fsync(parent)
 */
export async function unlinkDurably(
  fs: Pick<PlainFs, "unlink" | "syncDir">,
  path: string,
): Promise<boolean> {
  const was = await unlinkIfThere(fs, path);
  // For a name that is gone too: its removal by a killed process may not be on the disk.
  await fs.syncDir(parentOf(path));
  return was;
}

/** Removes the name `path`, not durably; false when there is none. */
export async function unlinkIfThere(
  fs: Pick<PlainFs, "unlink">,
  path: string,
): Promise<boolean> {
  try {
    await fs.unlink(path);
    return true;
  } catch (error) {
    if (isFsError(error, "gone")) return false;
    throw error;
  }
}

/**
 * Removes `path` and all below it, following no link; nothing when it is gone. Not durable by itself: after a cut
 * the rest is removed by calling it again. A directory that its owner may not write is opened up first.
 * Throws FsError `not-empty` when a name appears meanwhile, or is one that `list` does not show.
 *
 * lstat, readdir, chmod, unlink, rmdir
 */
export async function removeTree(
  fs: Pick<PlainFs, "lstat" | "list" | "chmod" | "unlink" | "rmdir">,
  path: string,
): Promise<void> {
  try {
    const { type, mode } = fs.lstat(path);
    if (type !== "directory") return await fs.unlink(path);
    if ((mode & 0o700) !== 0o700) await fs.chmod(path, mode | 0o700);
    for (const { name } of fs.list(path)) {
      if (name !== undefined) await removeTree(fs, `${path}/${name}`);
    }
    await fs.rmdir(path);
  } catch (error) {
    if (!isFsError(error, "gone")) throw error;
  }
}

/**
 * The bytes of a regular file of at most `limitBytes`; undefined when there is none. Throws FsError; OddFileError when it is
 * larger or no regular file.
 */
export function findFile(
  fs: Pick<PlainFs, "openRead">,
  path: string,
  limitBytes: number,
): Uint8Array<ArrayBuffer> | undefined {
  let file;
  try {
    file = fs.openRead(path);
  } catch (error) {
    // ENOTDIR: what would hold it is no directory.
    if (isFsError(error, "gone", "not-a-directory")) return undefined;
    throw error;
  }
  try {
    const { type, sizeBytes } = file.stat();
    if (type !== "file") {
      throw new OddFileError("not-a-file", path, `${path} is a ${type}, not a file`);
    }
    if (sizeBytes > limitBytes) {
      const words = `${path} has ${sizeBytes} bytes; at most ${limitBytes} are read`;
      throw new OddFileError("too-large", path, words);
    }
    const bytes = new Uint8Array(sizeBytes);
    let filled = 0;
    while (filled < sizeBytes) {
      const count = file.read(bytes.subarray(filled));
      if (count === 0) break;
      filled += count;
    }
    return bytes.subarray(0, filled);
  } finally {
    file.close();
  }
}

/** What has the name of a file of ours is something else. */
export class OddFileError extends Error {
  override readonly name = "OddFileError";
  readonly hint: string;

  constructor(
    readonly code: "not-a-file" | "too-large",
    readonly subject: string,
    message: string,
  ) {
    super(message);
    this.hint = `see ls -ld ${subject}`;
  }
}

/** Cleaning up behind a failure must not hide that failure; what stays is swept later. */
async function removeLeftover(fs: Pick<PlainFs, "unlink">, path: string): Promise<void> {
  try {
    await fs.unlink(path);
  } catch (error) {
    if (!isFsError(error)) throw error;
  }
}
