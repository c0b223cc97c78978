/** Users and groups of this machine, as passwd(5) and group(5) have them. */
import { isFsError, readSmallFile } from "../../sys/mod.ts";

export interface Account {
  readonly name: string;
  readonly uid: number;
  /** Its own group first. */
  readonly gids: readonly number[];
  readonly groups: readonly string[];
}

/** The user and the group of its name, for commands; cis490's where it is not known. */
export function userName(who: Account | undefined): string {
  return who === undefined || who.groups.length === 0 ? "cis490" : who.name;
}

const LIMIT_BYTES = 4 * 1024 * 1024;

/** Undefined when there is no such user in the files (it may be in a directory service). */
export function findAccount(
  name: string,
  { passwd, group }: { readonly passwd: string; readonly group: string },
): Account | undefined {
  const user = rows(passwd).find(([each]) => each === name && name !== "");
  if (user === undefined) return undefined;
  const [, , uid, gid] = user;
  const own = Number(gid);
  const memberOf = rows(group).filter(([, , gid, members = ""]) =>
    Number(gid) === own || members.split(",").includes(name)
  );
  return {
    name,
    uid: Number(uid),
    gids: [own, ...memberOf.map(([, , gid]) => Number(gid)).filter((each) => each !== own)],
    groups: memberOf.map(([group = ""]) => group),
  };
}

/** Of this machine. */
export function findLocalAccount(name: string): Account | undefined {
  return findAccount(name, { passwd: read("/etc/passwd"), group: read("/etc/group") });
}

function read(path: string): string {
  try {
    return new TextDecoder().decode(readSmallFile(path, LIMIT_BYTES));
  } catch (error) {
    if (isFsError(error)) return "";
    throw error;
  }
}

function rows(text: string): string[][] {
  return text.split("\n").map((line) => line.split(":"));
}
