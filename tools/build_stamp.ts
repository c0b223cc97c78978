/**
 * What a build depends on, as one digest: nothing is compiled again while it stays the same.
 */

import { createHash } from "node:crypto";

/** Files and directories that end up in the program, or decide how it is made. */
const INPUTS = ["deno.json", "deno.lock", "main.ts", "cmd", "lib", "tools"];

/**
 * The digest of all inputs below `root` (names and bytes; tests left out) and of `facts`, which hold what is not a file.
 */
export async function digestInputs(root: string, facts: readonly string[]): Promise<string> {
  const paths: string[] = [];
  for (const input of INPUTS) {
    for await (const path of walk(root, input)) paths.push(path);
  }
  const hash = createHash("sha256").update(JSON.stringify(facts));
  for (const path of paths.sort()) {
    const bytes = await Deno.readFile(`${root}/${path}`);
    hash.update(`${path}\0${bytes.length}\0`).update(bytes);
  }
  return hash.digest("hex");
}

async function* walk(root: string, path: string): AsyncGenerator<string> {
  let stat: Deno.FileInfo;
  try {
    stat = await Deno.stat(`${root}/${path}`);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return;
    throw error;
  }
  if (stat.isFile && !path.endsWith("_test.ts")) yield path;
  if (!stat.isDirectory) return;
  for await (const entry of Deno.readDir(`${root}/${path}`)) {
    yield* walk(root, `${path}/${entry.name}`);
  }
}
