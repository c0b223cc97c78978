/**
 * The files of npm packages that the program never loads. `deno compile` embeds packages whole, with their types, their
 * CommonJS twins and whatever else they offer; a compiled program looks at each of those files' entries when it starts.
 */

/** What is used of a package: an entry of deno.json's `imports`, `npm:name@version`. */
interface Package {
  readonly name: string;
  readonly version: string;
}

/** Paths of directories and files to leave out, of the packages in `imports`; `npmCache` as `deno info --json` tells it. */
export function findUnused(
  imports: Readonly<Record<string, string>>,
  npmCache: string,
): string[] {
  return Object.values(imports).flatMap((specifier) => {
    const found = /^npm:(@?[^@]+)@(.+)$/.exec(specifier);
    const [, name = "", version = ""] = found ?? [];
    const root = found === null ? undefined : findPackage(npmCache, { name, version });
    return root === undefined ? [] : unusedIn(root);
  });
}

/** A package's directory lies below its registry's. */
function findPackage(npmCache: string, { name, version }: Package): string | undefined {
  for (const { name: registry } of listed(npmCache)) {
    const path = `${npmCache}/${registry}/${name}/${version}`;
    if (isFile(`${path}/package.json`)) return path;
  }
  return undefined;
}

function unusedIn(root: string): string[] {
  const used = new Set([`${root}/package.json`]);
  const manifest = JSON.parse(Deno.readTextFileSync(`${root}/package.json`));
  const entry = entryOf(manifest);
  // What is not understood is embedded whole. So is CommonJS: what a require() loads is only known when it runs.
  if (entry === undefined || !(manifest.type === "module" || entry.endsWith(".mjs"))) return [];
  const isClear = follow(new URL(entry, `file://${root}/`).pathname, used);
  return isClear ? unusedBelow(root, used) : [];
}

/** Conditional exports as Deno resolves an import: https://nodejs.org/api/packages.html#conditional-exports */
function entryOf(manifest: Readonly<Record<string, unknown>>): string | undefined {
  let target: unknown = manifest.exports ?? manifest.module ?? manifest.main;
  while (typeof target === "object" && target !== null) {
    const choices = new Map<string, unknown>(Object.entries(target));
    target = choices.get(".") ?? choices.get("import") ?? choices.get("default");
  }
  return typeof target === "string" ? target : undefined;
}

/** Marks a module and all that it imports from its own package; false if one of them is not where the import says. */
function follow(path: string, used: Set<string>): boolean {
  if (used.has(path)) return true;
  if (!isFile(path)) return false;
  used.add(path);
  const imports = Deno.readTextFileSync(path)
    .matchAll(/(?:from|import|import\()\s*["'](\.[^"']*)["']/g);
  for (const [, specifier = ""] of imports) {
    if (!follow(new URL(specifier, `file://${path}`).pathname, used)) return false;
  }
  return true;
}

/** The highest names without a used file below them. */
function unusedBelow(directory: string, used: ReadonlySet<string>): string[] {
  return listed(directory).flatMap(({ name, isDirectory }) => {
    const path = `${directory}/${name}`;
    if (!isDirectory) return used.has(path) ? [] : [path];
    const hasUsed = [...used].some((file) => file.startsWith(`${path}/`));
    return hasUsed ? unusedBelow(path, used) : [path];
  });
}

function listed(directory: string): Deno.DirEntry[] {
  return [...Deno.readDirSync(directory)].toSorted((a, b) => a.name < b.name ? -1 : 1);
}

function isFile(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}
