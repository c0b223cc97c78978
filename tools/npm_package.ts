/**
 * What a module of an npm package loads, as far as its text tells. Where it does not tell, the answer is that it is not known:
 * nothing may be left out of the program by a guess.
 */

/** How a module is loaded, and so by which conditions an entry is chosen: https://nodejs.org/api/packages.html */
export type Way = "import" | "require";

/** A package's package.json, of which anything may be wrong. */
export type Manifest = Readonly<Record<string, unknown>>;

export function readManifest(directory: string): Manifest {
  const value: unknown = JSON.parse(Deno.readTextFileSync(`${directory}/package.json`));
  return typeof value === "object" && value !== null ? { ...value } : {};
}

/** The file that the package's own name stands for; undefined when package.json does not tell. */
export function findEntry(root: string, way: Way): string | undefined {
  const { exports, main } = readManifest(root);
  if (exports === undefined) {
    return findFile(`${root}/${typeof main === "string" ? main : "index.js"}`, "require");
  }
  const whole = typeof exports === "object" && exports !== null && "." in exports
    ? exports["."]
    : exports;
  const target = choose(whole, new Set(["deno", "node", way, "default"]));
  return target === undefined ? undefined : findFile(`${root}/${target}`, "import");
}

/** Conditional exports: the first condition that holds, of a list the first target that there is. */
function choose(target: unknown, conditions: ReadonlySet<string>): string | undefined {
  if (typeof target === "string") return target;
  if (typeof target !== "object" || target === null) return undefined;
  for (const [condition, below] of Object.entries(target)) {
    if (!Array.isArray(target) && !conditions.has(condition)) continue;
    const chosen = choose(below, conditions);
    if (chosen !== undefined) return chosen;
  }
  return undefined;
}

/** The file that a path stands for; require() also tries endings and a directory's index. */
export function findFile(path: string, way: Way): string | undefined {
  const normal = new URL(path, "file:///").pathname;
  const endings = way === "import" ? [""] : ["", ".js", ".json", "/index.js"];
  return endings.map((ending) => `${normal}${ending}`).find(isFile);
}

/** What a module's text names, relative paths and packages; undefined when it may load more than that. */
export function findLoads(path: string, way: Way): string[] | undefined {
  if (path.endsWith(".json")) return [];
  const text = Deno.readTextFileSync(path).replaceAll(COMMENT, "");
  const { loads, unclear } = SYNTAX[way];
  if (unclear.test(text)) return undefined;
  return [...text.matchAll(loads)].map(([, specifier = ""]) => specifier);
}

/** Those that begin a line: in a string none does. "require" is a word of English too, and examples import what they like. */
const COMMENT = /^\s*(?:\/\/.*$|\/\*[^]*?\*\/)/gm;

const SYNTAX: Readonly<Record<Way, { readonly loads: RegExp; readonly unclear: RegExp }>> = {
  import: {
    loads: /\b(?:from|import|import\()\s*["']([^"']+)["']/g,
    unclear: /\bimport\((?!\s*["'])|\bimport\.meta\b|\bcreateRequire\b/,
  },
  require: {
    loads: /\b(?:require|import)\(\s*["']([^"']+)["']\s*\)/g,
    unclear: /\b(?:require|import)\b(?!\(\s*["'][^"']+["']\s*\))|\b__(?:dir|file)name\b/,
  },
};

export function isFile(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}
