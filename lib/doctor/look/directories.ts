/** Directories and their space. */
import { type FsError, isFsError, type PlainFs, type Space, type Stat } from "../../sys/mod.ts";

/** A directory that was looked at. */
export type Directory =
  | { readonly kind: "there"; readonly path: string; readonly stat: Stat }
  | { readonly kind: "missing"; readonly path: string }
  | { readonly kind: "unseen"; readonly path: string; readonly error: FsError };

export function lookAtDirectory(fs: Pick<PlainFs, "lstat">, path: string): Directory {
  try {
    return { kind: "there", path, stat: fs.lstat(path) };
  } catch (error) {
    if (!isFsError(error)) throw error;
    return isFsError(error, "gone") ? { kind: "missing", path } : { kind: "unseen", path, error };
  }
}

/** Undefined when it can't be asked, for example because the directory is missing. */
export function findSpace(fs: Pick<PlainFs, "space">, path: string): Space | undefined {
  try {
    return fs.space(path);
  } catch (error) {
    if (!isFsError(error)) throw error;
    return undefined;
  }
}

/** Room that a command makes without a loss. */
export interface Reclaimable {
  readonly bytes: number;
  readonly command: string;
}

/** What is kept for convenience alone, and the program that is made to let go of it. */
const CACHES = [
  { directory: "/var/cache/apt/archives", command: "sudo apt-get clean" },
  { directory: "/var/log/journal", command: "sudo journalctl --vacuum-size=100M" },
] as const;

/** The journal keeps so much. */
const JOURNAL_KEEPS_BYTES = 100 * 1024 * 1024;
const MOST_NAMES = 1000;

/** Caches on the file system of `path` that hold something, the largest first. */
export function findReclaimable(
  fs: Pick<PlainFs, "lstat" | "list">,
  path: string,
): Reclaimable[] {
  const found: Reclaimable[] = [];
  const device = deviceOf(fs, path);
  for (const { directory, command } of CACHES) {
    if (device === undefined || deviceOf(fs, directory) !== device) continue;
    const bytes = sizeOf(fs, directory, 1) -
      (directory === "/var/log/journal" ? JOURNAL_KEEPS_BYTES : 0);
    if (bytes > 0) found.push({ bytes, command });
  }
  return found.sort((a, b) => b.bytes - a.bytes);
}

function deviceOf(fs: Pick<PlainFs, "lstat">, path: string): bigint | undefined {
  const looked = lookAtDirectory(fs, path);
  return looked.kind === "there" ? looked.stat.device : undefined;
}

/** The files of a directory, and of those in it down to `depth`; what can't be seen counts nothing. */
function sizeOf(fs: Pick<PlainFs, "lstat" | "list">, path: string, depth: number): number {
  let bytes = 0;
  try {
    for (const { name } of fs.list(path).slice(0, MOST_NAMES)) {
      if (name === undefined) continue;
      const { type, sizeBytes } = fs.lstat(`${path}/${name}`);
      if (type === "file") bytes += sizeBytes;
      else if (type === "directory" && depth > 0) bytes += sizeOf(fs, `${path}/${name}`, depth - 1);
    }
  } catch (error) {
    if (!isFsError(error)) throw error;
  }
  return bytes;
}
