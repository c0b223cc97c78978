/**
 * What a TypeScript file refers to: imports and exports from other modules, static or dynamic, types or values, and files
 * named by `new URL("./x.ts", import.meta.url)`, as workers are.
 */

import type { Token } from "./tokens.ts";

/** One reference to another module. */
export interface Reference {
  /** As written; undefined where it is computed, so that nobody can know. */
  readonly specifier: string | undefined;
  readonly line: number;
}

export function findReferences(tokens: readonly Token[]): Reference[] {
  const found: Reference[] = [];
  tokens.forEach((token, at) => {
    if (token.kind !== "word" || is(tokens[at - 1], ".")) return;
    const next = tokens[at + 1];
    const reference = (target: Token | undefined) =>
      found.push({ specifier: literal(target), line: token.line });
    if (token.text === "import") {
      if (is(next, "(")) reference(is(tokens[at + 3], ")", ",") ? tokens[at + 2] : undefined);
      else if (next?.kind === "string") reference(next);
      else if (!is(next, ".", ":", ",", "}", "?")) reference(sourceAfter(tokens, at + 1));
    } else if (token.text === "export") {
      const list = next?.text === "type" && is(tokens[at + 2], "{", "*") ? at + 2 : at + 1;
      if (is(tokens[list], "{", "*")) {
        const target = sourceAfter(tokens, list);
        if (target !== undefined) reference(target);
      }
    } else if (token.text === "URL" && tokens[at - 1]?.text === "new" && isModuleUrl(tokens, at)) {
      if (/\.[jt]s$/.test(tokens[at + 2]?.text ?? "")) reference(tokens[at + 2]);
    }
  });
  return found;
}

/** The string after `from` in an import or export clause that begins at `at`. */
function sourceAfter(tokens: readonly Token[], at: number): Token | undefined {
  for (let i = at; i < tokens.length; i++) {
    const token = tokens[i];
    const next = tokens[i + 1];
    if (token?.text === "from" && next?.kind === "string") return next;
    const inClause = token?.kind === "word" || token?.kind === "string" ||
      is(token, "{", "}", ",", "*");
    // A list that no `from` follows is an export of the file's own names.
    if (!inClause || (is(token, "}") && next?.text !== "from")) return undefined;
  }
  return undefined;
}

function isModuleUrl(tokens: readonly Token[], at: number): boolean {
  const text = tokens.slice(at + 3, at + 9).map((token) => token.text).join("");
  return is(tokens[at + 1], "(") && text.startsWith(",import.meta.url");
}

function literal(token: Token | undefined): string | undefined {
  return token?.kind === "string" || token?.kind === "template" ? token.text : undefined;
}

function is(token: Token | undefined, ...marks: string[]): boolean {
  return token?.kind === "mark" && marks.includes(token.text);
}
