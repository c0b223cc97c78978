/** Directories, their rights and their space: facts that both roles have. */
import { type FsError, isFsError, type PlainFs, type Space, type Stat } from "../sys/mod.ts";
import type { Finding } from "./finding.ts";

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

type Judged = Omit<Finding, "code">;

/**
 * The main directory must be there, and whoever owns it must be able to move what lies in the others. `owner` is judged, not
 * the user who asks: the doctor may be run by anybody.
 */
export function judgeDirectories(main: Directory, others: readonly Directory[]): Judged {
  const evidence = { directory: main.path };
  const unseen = [main, ...others].find((each) => each.kind === "unseen");
  if (unseen !== undefined && unseen.kind === "unseen") {
    return {
      severity: "unseen",
      cause: `${unseen.path} may not be looked at by this user (${unseen.error.errno})`,
      fix: "sudo cis490 doctor",
      evidence,
    };
  }
  if (main.kind !== "there") {
    return {
      severity: "red",
      cause: `${main.path} is not there`,
      fix: `sudo install -d -o cis490 -g cis490 -m 0750 ${main.path}`,
      evidence,
    };
  }
  for (const each of [main, ...others]) {
    if (each.kind !== "there") continue;
    if (each.stat.type !== "directory") {
      return {
        severity: "red",
        cause: `${each.path} is a ${each.stat.type}, not a directory`,
        fix: `ls -ld ${each.path}`,
        evidence,
      };
    }
    if (!mayWrite(main.stat, each.stat)) {
      return {
        severity: "red",
        cause: `the owner of ${main.path} may not move what lies in ${each.path}`,
        fix: `sudo chown --reference=${main.path} ${each.path}`,
        evidence: { ...evidence, owner: `${each.stat.uid}:${each.stat.gid}` },
      };
    }
  }
  const missing = others.filter((each) => each.kind === "missing").map(({ path }) => path);
  return {
    severity: "green",
    cause: missing.length === 0
      ? `${main.path} is there`
      : `${main.path} is there; the first start makes what is missing in it`,
    evidence: { ...evidence, missing },
  };
}

/** Whether the user who owns `main` may add and remove names in `other`, by the permission bits alone. */
function mayWrite(main: Stat, other: Stat): boolean {
  if (main.uid === 0) return true;
  if (other.uid === main.uid) return (other.mode & 0o300) === 0o300;
  if (other.gid === main.gid) return (other.mode & 0o030) === 0o030;
  return (other.mode & 0o003) === 0o003;
}

/** `what` stops when less than `minFreeBytes` is left; yellow at twice as much. */
export function judgeSpace(
  path: string,
  space: Space | undefined,
  minFreeBytes: number,
  what: string,
): Judged {
  if (space === undefined) {
    return {
      severity: "unseen",
      cause: `the free space of ${path} can't be read`,
      fix: `df -h ${path}`,
      evidence: { directory: path },
    };
  }
  const freeMb = Math.floor(space.freeBytes / 2 ** 20);
  const minMb = Math.floor(minFreeBytes / 2 ** 20);
  const evidence = { directory: path, free_mb: freeMb, min_free_mb: minMb };
  if (space.freeBytes < minFreeBytes) {
    return {
      severity: "red",
      cause: `${freeMb} MiB are free, less than min_free_mb = ${minMb}: ${what}`,
      fix: `sudo du -xh --max-depth=2 ${path} | sort -h | tail`,
      evidence,
    };
  }
  if (space.freeBytes < 2 * minFreeBytes) {
    return {
      severity: "yellow",
      cause: `${freeMb} MiB are free, near min_free_mb = ${minMb}`,
      fix: `sudo du -xh --max-depth=2 ${path} | sort -h | tail`,
      evidence,
    };
  }
  return { severity: "green", cause: `${freeMb} MiB are free`, evidence };
}
