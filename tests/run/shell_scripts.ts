/**
 * Which files of the tree are shell scripts: by name (`*.sh`, `*.bash`) or by first line, among what git tracks and what
 * it would track.
 */

const FIRST_LINE = /^#!\s*\S*\/(env\s+(-S\s+)?)?(ba|da)?sh(\s|$)/;

/** @param paths below `root` */
export async function findShellScripts(root: string, paths: readonly string[]): Promise<string[]> {
  const found: string[] = [];
  for (const path of paths) {
    if (/\.(sh|bash)$/.test(path) || FIRST_LINE.test(await firstLine(`${root}/${path}`))) {
      found.push(path);
    }
  }
  return found;
}

/** The first 80 bytes as text; empty for what is no file (a submodule, a link to nowhere). */
async function firstLine(path: string): Promise<string> {
  try {
    if (!(await Deno.stat(path)).isFile) return "";
    using file = await Deno.open(path);
    const bytes = new Uint8Array(80);
    const read = await file.read(bytes) ?? 0;
    return new TextDecoder().decode(bytes.subarray(0, read)).split("\n")[0] ?? "";
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return "";
    throw error;
  }
}
