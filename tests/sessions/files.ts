/**
 * Which Markdown files are run as sessions: those in tests/cli/ and docs/, README.md and AGENTS.md.
 */

export const ROOT = new URL("../..", import.meta.url).pathname.replace(/\/$/, "");

/** Where `./denow task build` leaves the binary that sessions run. */
export const PROGRAMS = `${ROOT}/dist`;

/** Paths below the root, sorted. */
export async function findSessionFiles(): Promise<string[]> {
  const found: string[] = [];
  for (const path of ["README.md", "AGENTS.md", "docs", "tests/cli"]) await collect(path, found);
  return found.sort();
}

async function collect(path: string, into: string[]): Promise<void> {
  let stat: Deno.FileInfo;
  try {
    stat = await Deno.stat(`${ROOT}/${path}`);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return;
    throw error;
  }
  if (stat.isFile && path.endsWith(".md")) into.push(path);
  if (!stat.isDirectory) return;
  for await (const entry of Deno.readDir(`${ROOT}/${path}`)) {
    await collect(`${path}/${entry.name}`, into);
  }
}
