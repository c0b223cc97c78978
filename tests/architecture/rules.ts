/**
 * The rules of the architecture, over a tree of sources. Every finding is one sentence that begins with file and line.
 */

import { EFFECT_NAMES, findEffects } from "./find_effects.ts";
import { findReferences } from "./imports.ts";
import { faceOf, findRoom, mayImport } from "./ranks.ts";
import { tokenize } from "./tokens.ts";

/** A file that may touch the outside world. */
export interface Allowed {
  /** Names of effects, and `node:` modules by their specifier. */
  readonly uses: readonly string[];
  readonly why: string;
}

/** A tree to be judged. */
export interface Tree {
  /** Path below the root -> source. Tests and benchmarks (`_test.ts`, `_bench.ts`) are free and not looked at. */
  readonly sources: ReadonlyMap<string, string>;
  /** The names in deno.json's import map. */
  readonly packages: readonly string[];
  readonly effects: Readonly<Record<string, Allowed>>;
}

export function judge(tree: Tree): string[] {
  const findings: string[] = [];
  for (const [path, source] of tree.sources) {
    if (/_(test|bench)\.ts$/.test(path)) continue;
    const tokens = tokenize(source);
    const references = findReferences(tokens);
    for (const { specifier, line } of references) {
      const fault = judgeReference(path, specifier, tree);
      if (fault !== undefined) findings.push(`${path}:${line}: ${fault}`);
    }
    const modules = references.flatMap(({ specifier }) =>
      specifier?.startsWith("node:") ? [specifier] : []
    );
    const used = new Set([...findEffects(tokens), ...modules]);
    findings.push(...judgeEffects(path, used, tree.effects[path]?.uses ?? []));
  }
  for (const [path, { uses }] of Object.entries(tree.effects)) {
    if (!tree.sources.has(path)) {
      findings.push(`${path}: is listed for its effects and is not there`);
    }
    for (const use of uses) {
      if (!use.startsWith("node:") && !EFFECT_NAMES.includes(use)) {
        findings.push(`${path}: is listed for ${use}, which is no effect that is looked for`);
      }
    }
  }
  return findings;
}

function judgeReference(
  path: string,
  specifier: string | undefined,
  { sources, packages }: Tree,
): string | undefined {
  if (specifier === undefined) return "imports something computed: write the path out";
  if (specifier.startsWith("node:")) return undefined;
  if (!specifier.startsWith(".")) {
    const known = packages.some((name) => specifier === name || specifier.startsWith(`${name}/`));
    return known ? undefined : `${specifier} is not in deno.json's import map`;
  }
  const target = new URL(specifier, `file:///${path}`).pathname.slice(1);
  if (!sources.has(target)) return `${target} is not part of the program`;
  if (target.endsWith("_test.ts")) return `${target} is a test`;
  const from = findRoom(path);
  const to = findRoom(target);
  if (from === undefined) return `${path} belongs to no room`;
  if (to === undefined) return `${target} belongs to no room`;
  if (from === to) return undefined;
  if (!mayImport(from, to)) return `${from} may not import ${to}`;
  const face = faceOf(to);
  if (face !== undefined && target !== face) {
    return `imports ${target} past the room's face, ${face}`;
  }
  return undefined;
}

function judgeEffects(
  path: string,
  used: ReadonlySet<string>,
  listed: readonly string[],
): string[] {
  const unlisted = [...used].filter((effect) => !listed.includes(effect));
  const unused = listed.filter((effect) => !used.has(effect));
  return [
    ...unlisted.map((effect) =>
      `${path}: uses ${effect}: take it as a parameter, or list it with a reason in tests/architecture/effects.ts`
    ),
    ...unused.map((effect) => `${path}: is listed for ${effect} and does not use it`),
  ];
}
