/** What a user may do with files, by their permission bits alone: ACLs are not looked at (path_resolution(7)). */
import { isFsError, type PlainFs, type Stat } from "../../sys/mod.ts";

export interface Who {
  readonly uid: number;
  /** Its groups, all of them. */
  readonly gids: readonly number[];
}

/** As in `chmod o=`: read, write, execute (of a directory: go through). */
export const RIGHT = { read: 4, write: 2, execute: 1 } as const;

type Bits = Pick<Stat, "uid" | "gid" | "mode">;

/** `rights`: a sum of {@link RIGHT}. */
export function may({ uid, gids }: Who, rights: number, stat: Bits): boolean {
  if (uid === 0) return true;
  const shift = stat.uid === uid ? 6 : gids.includes(stat.gid) ? 3 : 0;
  return ((stat.mode >> shift) & rights) === rights;
}

/** Whether `who` may add and remove names there. */
export function mayWrite(who: Who, directory: Bits): boolean {
  return may(who, RIGHT.write + RIGHT.execute, directory);
}

/** What keeps somebody from a file: the file itself, or a directory on the way to it. */
export interface Barrier {
  readonly path: string;
  readonly isDirectory: boolean;
}

/** The first barrier between `who` and the content of `file`; undefined when there is none, or it can't be seen. */
export function findBarrier(
  fs: Pick<PlainFs, "lstat">,
  who: Who,
  file: string,
): Barrier | undefined {
  const parts = file.split("/").filter((part) => part !== "");
  for (let end = 0; end <= parts.length; end++) {
    const path = `/${parts.slice(0, end).join("/")}`;
    const isDirectory = end < parts.length;
    try {
      const stat = fs.lstat(path);
      // What a link leads to is another path's matter.
      if (stat.type === "symlink") return undefined;
      if (!may(who, isDirectory ? RIGHT.execute : RIGHT.read, stat)) return { path, isDirectory };
    } catch (error) {
      if (isFsError(error)) return undefined;
      throw error;
    }
  }
  return undefined;
}
