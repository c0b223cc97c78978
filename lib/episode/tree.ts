/** What lies in an episode's directory, seen exactly, in the order in which it is packed. */
import { createHash } from "node:crypto";
import { type Fs, isFsError, type Stat } from "../sys/mod.ts";
import { linkStaysInside } from "./link.ts";
import { META_NAME } from "./meta.ts";
import { compareUtf8 } from "./order.ts";

/** A hash over everything that lstat tells of an episode's entries: did anything change? 64 hex digits. */
export type Signature = string & { readonly __brand: "Signature" };

interface EntryBase {
  /** Relative to the episode, parts joined by `/`. */
  readonly path: string;
  readonly stat: Stat;
}

export type TreeEntry =
  | (EntryBase & { readonly type: "file" | "directory" })
  | (EntryBase & { readonly type: "symlink"; readonly target: string });

/** Something that no archive of ours can keep exactly. */
export interface Unfit {
  /** Relative path, with bytes that are not UTF-8 shown as `\xNN`. */
  readonly path: string;
  /** In words, after the path: `is a socket`. */
  readonly why: string;
}

export interface Tree {
  /** The episode's own directory. */
  readonly root: Stat;
  /** `meta.json` first, then depth first, siblings in the order of their UTF-8 bytes. */
  readonly entries: readonly TreeEntry[];
  readonly unfit: readonly Unfit[];
  readonly signature: Signature;
  readonly newestCtimeNs: bigint;
  /** Sum of the sizes of all files. */
  readonly sizeBytes: number;
}

/** What readTree asks of the file system. */
export type TreeFs = Pick<Fs, "lstat" | "list" | "readLink">;

/**
 * Looks at every entry below `root`, reading no file. Throws FsError, code `gone` when something vanished
 * while it looked, `not-a-directory` or `link` when `root` is no directory.
 */
export function readTree(fs: TreeFs, root: string): Tree {
  const look = new Look(fs, root);
  look.root();
  return look.result();
}

/**
 * Whether a second look would tell the same of everything below `root`. Cheaper than that look: a directory's names are not
 * read again, for none comes or goes without the directory's ctime. Throws FsError.
 */
export function isUnchanged(
  fs: TreeFs & Pick<Fs, "findStat">,
  root: string,
  tree: Tree,
): boolean {
  const isSame = (path: string, before: Stat) => {
    const now = fs.findStat(path);
    return now !== undefined && isSameStat(before, now);
  };
  if (!isSame(root, tree.root)) return false;
  // What is unfit has left no stat to compare with.
  if (tree.unfit.length > 0) return hasSignature(fs, root, tree.signature);
  return tree.entries.every(({ path, stat }) => isSame(`${root}/${path}`, stat));
}

/** Whether a look at all of it has that signature; false when something of it is gone. Throws FsError. */
export function hasSignature(fs: TreeFs, root: string, signature: Signature): boolean {
  try {
    return readTree(fs, root).signature === signature;
  } catch (error) {
    if (isFsError(error, "gone")) return false;
    throw error;
  }
}

/** Owner and group are in no archive. */
function isSameStat(a: Stat, b: Stat): boolean {
  return a.inode === b.inode && a.ctimeNs === b.ctimeNs && a.mtimeNs === b.mtimeNs &&
    a.sizeBytes === b.sizeBytes && a.mode === b.mode && a.type === b.type;
}

class Look {
  readonly #root: Stat;
  readonly #entries: TreeEntry[] = [];
  readonly #unfit: Unfit[] = [];
  /** What the signature is of; a call of the digest for each entry would cost more than the digest. */
  #text = "";
  #newestCtimeNs = 0n;
  #sizeBytes = 0;

  constructor(private readonly fs: TreeFs, private readonly base: string) {
    this.#root = fs.lstat(base);
  }

  root(): void {
    const stat = this.#root;
    if (stat.ctimeNs > this.#newestCtimeNs) this.#newestCtimeNs = stat.ctimeNs;
    // The root's own ctime is left out: a rename, which is how episodes travel, changes it.
    this.#text += `root ${stat.type} ${stat.mode} ${stat.inode} ${stat.mtimeNs}\n`;
    const names = this.#names("");
    const meta = names.indexOf(META_NAME);
    if (meta >= 0) names.unshift(...names.splice(meta, 1));
    this.#entriesOf("", names);
  }

  result(): Tree {
    return {
      root: this.#root,
      entries: this.#entries,
      unfit: this.#unfit,
      signature: createHash("sha256").update(this.#text).digest("hex") as Signature,
      newestCtimeNs: this.#newestCtimeNs,
      sizeBytes: this.#sizeBytes,
    };
  }

  /** The names in a directory, sorted; those that are not UTF-8 are noted as unfit. */
  #names(directory: string): string[] {
    const names: string[] = [];
    for (const entry of this.fs.list(directory === "" ? this.base : `${this.base}/${directory}`)) {
      if (entry.name !== undefined) names.push(entry.name);
      else this.#reject(join(directory, printable(entry.bytes)), "has a name that is not UTF-8");
    }
    return names.sort(compareUtf8);
  }

  #entriesOf(directory: string, names: readonly string[]): void {
    for (const name of names) {
      const path = join(directory, name);
      try {
        this.#entry(path);
      } catch (error) {
        // The kernel takes no path above 4096 bytes: what lies deeper can't be read, nor packed.
        if (!isFsError(error, "name-too-long")) throw error;
        this.#reject(path, "lies too deep: its path is longer than the system allows");
      }
    }
  }

  #entry(path: string): void {
    const full = `${this.base}/${path}`;
    const stat = this.fs.lstat(full);
    if (stat.ctimeNs > this.#newestCtimeNs) this.#newestCtimeNs = stat.ctimeNs;
    this.#text +=
      `${JSON.stringify(path)} ${stat.type} ${stat.mode} ${stat.sizeBytes} ${stat.inode} ` +
      `${stat.mtimeNs} ${stat.ctimeNs}\n`;
    switch (stat.type) {
      case "file":
        this.#sizeBytes += stat.sizeBytes;
        this.#entries.push({ path, type: "file", stat });
        return;
      case "directory":
        this.#entries.push({ path, type: "directory", stat });
        this.#entriesOf(path, this.#names(path));
        return;
      case "symlink":
        this.#symlink(path, stat);
        return;
      default:
        this.#reject(path, `is a ${stat.type}`);
    }
  }

  #symlink(path: string, stat: Stat): void {
    const bytes = this.fs.readLink(`${this.base}/${path}`);
    const target = findUtf8(bytes);
    if (target === undefined) {
      this.#reject(path, "is a link whose target is not UTF-8");
    } else if (linkStaysInside(path, target)) {
      this.#entries.push({ path, type: "symlink", stat, target });
    } else {
      const how = target.startsWith("/")
        ? "is an absolute link"
        : "is a link that may leave the episode: too many .. parts, or one behind a name";
      this.#reject(path, `${how} (to ${target})`);
    }
  }

  #reject(path: string, why: string): void {
    this.#text += `unfit ${JSON.stringify(path)} ${why}\n`;
    this.#unfit.push({ path, why });
  }
}

function join(directory: string, name: string): string {
  return directory === "" ? name : `${directory}/${name}`;
}

function findUtf8(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

function printable(bytes: Uint8Array): string {
  return Array.from(
    bytes,
    (byte) =>
      byte >= 0x20 && byte < 0x7f
        ? String.fromCharCode(byte)
        : `\\x${byte.toString(16).padStart(2, "0")}`,
  )
    .join("");
}
