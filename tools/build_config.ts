/**
 * The configuration that the program is compiled with: deno.json without what only tests and types need. `deno compile`
 * embeds every package of the import map, imported or not, and each costs start-up time.
 */

/** In the import map for tests, for generated docs and for the type check alone. */
const DEVELOPMENT_ONLY: readonly string[] = [
  "@types/node",
  "@valibot/to-json-schema",
  "fast-check",
];

interface Config {
  readonly imports?: Readonly<Record<string, string>>;
  readonly [key: string]: unknown;
}

/** The text of the compile configuration, from that of deno.json. Throws when a package of the list is not there. */
export function compileConfig(denoJson: string): string {
  const { imports = {}, nodeModulesDir, compilerOptions }: Config = JSON.parse(denoJson);
  const absent = DEVELOPMENT_ONLY.find((name) => !(name in imports));
  if (absent !== undefined) throw new RangeError(`deno.json does not import ${absent} any more`);
  const kept = Object.entries(imports).filter(([name]) => !DEVELOPMENT_ONLY.includes(name));
  return JSON.stringify({ nodeModulesDir, compilerOptions, imports: Object.fromEntries(kept) });
}
