/**
 * Where a file reaches for the outside world by a global name. `node:` modules are seen as imports.
 */

import type { Token } from "./tokens.ts";

/** What is looked for, each as the tokens it begins with. */
const EFFECTS: readonly { readonly name: string; readonly tokens: readonly string[] }[] = [
  { name: "Deno", tokens: ["Deno", "."] },
  { name: "Deno", tokens: ["Deno", "["] },
  { name: "fetch", tokens: ["fetch", "("] },
  { name: "Date.now", tokens: ["Date", ".", "now"] },
  { name: "new Date()", tokens: ["new", "Date", "(", ")"] },
  { name: "Math.random", tokens: ["Math", ".", "random"] },
  { name: "crypto random", tokens: ["crypto", ".", "getRandomValues"] },
  { name: "crypto random", tokens: ["crypto", ".", "randomUUID"] },
  { name: "setTimeout", tokens: ["setTimeout"] },
  { name: "setInterval", tokens: ["setInterval"] },
  { name: "performance.now", tokens: ["performance", ".", "now"] },
  { name: "globalThis", tokens: ["globalThis"] },
];

export const EFFECT_NAMES: readonly string[] = [...new Set(EFFECTS.map(({ name }) => name))];

/** The names of all effects in the file. A method of something else (`client.fetch(…)`) is none. */
export function findEffects(tokens: readonly Token[]): Set<string> {
  const found = new Set<string>();
  tokens.forEach((token, at) => {
    if (token.kind !== "word" || tokens[at - 1]?.text === ".") return;
    for (const effect of EFFECTS) {
      if (effect.tokens.every((text, i) => isCode(tokens[at + i], text))) found.add(effect.name);
    }
  });
  return found;
}

function isCode(token: Token | undefined, text: string): boolean {
  return (token?.kind === "word" || token?.kind === "mark") && token.text === text;
}
