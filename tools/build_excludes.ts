/**
 * The files of npm packages that the program never loads. `deno compile` embeds packages whole, with their types, tests,
 * CommonJS twins and whatever else they brought along, and a compiled program reads and copies all that is embedded each time
 * it starts: a millisecond for each megabyte.
 */

import { findEntry, findFile, findLoads, isFile, readManifest, type Way } from "./npm_package.ts";

/** Of what `deno info --json main.ts` tells: what the program imports, and all packages with what they need. */
export interface Graph {
  readonly modules: readonly { readonly npmPackage?: string }[];
  readonly npmPackages: Readonly<Record<string, Package>>;
}

interface Package {
  readonly name: string;
  readonly version: string;
  /** Keys of `npmPackages`. */
  readonly dependencies: readonly string[];
}

/** Paths of directories and files to leave out; `npmCache` as `deno info --json` tells it. */
export function findUnused(graph: Graph, npmCache: string): string[] {
  const search = new Search(graph.npmPackages, npmCache);
  for (const { npmPackage } of graph.modules) {
    if (npmPackage !== undefined) search.enter(npmPackage, "import");
  }
  return search.findUnused();
}

class Search {
  readonly #packages: Graph["npmPackages"];
  readonly #roots = new Map<string, string>();
  readonly #used = new Set<string>();
  /** Packages of which is not known what they load. */
  readonly #unclear = new Set<string>();

  constructor(packages: Graph["npmPackages"], npmCache: string) {
    this.#packages = packages;
    for (const [key, { name, version }] of Object.entries(packages)) {
      // A package's directory lies below its registry's.
      const root = listed(npmCache)
        .map((registry) => `${npmCache}/${registry.name}/${name}/${version}`)
        .find((path) => isFile(`${path}/package.json`));
      if (root !== undefined) this.#roots.set(key, root);
    }
  }

  /** Marks what a package's own name leads to. */
  enter(key: string, way: Way): void {
    const root = this.#roots.get(key);
    if (root === undefined) return;
    const entry = findEntry(root, way);
    if (entry === undefined) this.#keep(key);
    else this.#follow(key, root, entry);
  }

  findUnused(): string[] {
    return [...this.#roots].flatMap(([key, root]) => {
      if (this.#unclear.has(key)) return [];
      return unusedBelow(root, new Set([...this.#used, `${root}/package.json`]));
    });
  }

  /** Keeps a package whole, and all that it may load. */
  #keep(key: string): void {
    if (this.#unclear.has(key)) return;
    this.#unclear.add(key);
    for (const dependency of this.#packages[key]?.dependencies ?? []) this.#keep(dependency);
  }

  /** Marks a module and all that it loads. */
  #follow(key: string, root: string, path: string): void {
    if (this.#used.has(path)) return;
    this.#used.add(path);
    const way = this.#wayIn(root, path);
    const loads = findLoads(path, way);
    if (loads === undefined) return this.#keep(key);
    for (const specifier of loads) {
      if (/^\.\.?(\/|$)/.test(specifier)) {
        const file = findFile(`${path.slice(0, path.lastIndexOf("/"))}/${specifier}`, way);
        if (file === undefined || !file.startsWith(`${root}/`)) this.#keep(key);
        else this.#follow(key, root, file);
      } else this.#leave(key, specifier, way);
    }
  }

  /** Follows a specifier that is no path: this or another package, a built-in module, or what is not understood. */
  #leave(key: string, specifier: string, way: Way): void {
    const within = [key, ...this.#packages[key]?.dependencies ?? []];
    const named = within.find((each) =>
      `${specifier}/`.startsWith(`${this.#packages[each]?.name}/`)
    );
    if (named === undefined) {
      if (specifier.startsWith("#")) this.#keep(key);
    } else if (specifier === this.#packages[named]?.name) this.enter(named, way);
    else this.#keep(named);
  }

  /** What a file is, by its ending or else by the nearest package.json, which is used too. */
  #wayIn(root: string, path: string): Way {
    let directory = path;
    do directory = directory.slice(0, directory.lastIndexOf("/")); while (
      directory !== root && !isFile(`${directory}/package.json`)
    );
    this.#used.add(`${directory}/package.json`);
    if (path.endsWith(".mjs")) return "import";
    if (path.endsWith(".cjs")) return "require";
    return readManifest(directory).type === "module" ? "import" : "require";
  }
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
