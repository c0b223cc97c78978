/** What access control lists (acl(5)) allow beyond permission bits, by getfacl(1): the installer gives them to the shipper. */
import type { RunProgram } from "../../sys/mod.ts";
import { ask } from "./program.ts";
import { RIGHT, type Who } from "./rights.ts";

/** What somebody wants to do there; `rights` is a sum of RIGHT. */
export interface Wish {
  readonly path: string;
  readonly rights: number;
}

/** More are not asked for: where all of these are granted, so is the rest. */
const MOST_WISHES = 200;

/** The paths of wishes that an ACL grants. Where getfacl is missing, nobody has set one. */
export async function findGranted(
  run: RunProgram,
  who: Who | undefined,
  wishes: readonly Wish[],
): Promise<ReadonlySet<string>> {
  const asked = wishes.slice(0, MOST_WISHES);
  if (who === undefined || asked.length === 0) return new Set();
  const paths = asked.map(({ path }) => path);
  const answer = await ask(run, "getfacl", ["--numeric", "--absolute-names", "--", ...paths]);
  if (answer.kind === "unseen" || answer.value.code !== 0) return new Set();
  // One block for each, in their order: names are escaped there, so they are not compared.
  const blocks = answer.value.stdout.trim().split("\n\n");
  const granted = asked.filter(({ rights }, at) => grants(blocks[at] ?? "", who, rights));
  const all = granted.length === asked.length ? wishes : granted;
  return new Set(all.map(({ path }) => path));
}

/** Whether one file's list has an entry for `who`, by name or by a group, that the mask lets through. */
export function grants(block: string, { uid, gids }: Who, rights: number): boolean {
  const mask = /^mask::(\S{3})/m.exec(block)?.[1];
  if (mask === undefined) return false;
  const named = [...block.matchAll(/^(user|group):(\d+):(\S{3})/gm)];
  const own = named.find(([, kind, id]) => kind === "user" && Number(id) === uid);
  // acl(5): the user's own entry is decisive; of groups, any that has the rights.
  const entries = own === undefined
    ? named.filter(([, kind, id]) => kind === "group" && gids.includes(Number(id)))
    : [own];
  return entries.some(([, , , letters = ""]) =>
    (bitsOf(letters) & bitsOf(mask) & rights) === rights
  );
}

function bitsOf(letters: string): number {
  return (letters.includes("r") ? RIGHT.read : 0) + (letters.includes("w") ? RIGHT.write : 0) +
    (letters.includes("x") ? RIGHT.execute : 0);
}
