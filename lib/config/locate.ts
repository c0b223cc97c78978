/** On which lines the keys of a TOML document stand. Loaded only when there is something to complain about. */
import { type AST, parseTOML } from "toml-eslint-parser";

/**
 * Lines by path, the parts joined by a NUL; a table has the line of its header.
 * @throws a syntax error of the parser
 */
export function locateKeys(document: string): ReadonlyMap<string, number> {
  const lines = new Map<string, number>();
  for (const node of parseTOML(document).body[0].body) visit(node, []);
  return lines;

  function visit(node: AST.TOMLKeyValue | AST.TOMLTable, table: readonly string[]): void {
    if (node.type === "TOMLTable") {
      const path = node.resolvedKey.map(String);
      note(path, node.loc.start.line);
      for (const child of node.body) visit(child, path);
      return;
    }
    const path = [
      ...table,
      ...node.key.keys.map((key) => key.type === "TOMLBare" ? key.name : key.value),
    ];
    for (let length = table.length + 1; length <= path.length; length++) {
      note(path.slice(0, length), node.loc.start.line);
    }
    if (node.value.type === "TOMLInlineTable") {
      for (const child of node.value.body) visit(child, path);
    }
  }

  function note(path: readonly string[], line: number): void {
    const key = path.join("\0");
    if (!lines.has(key)) lines.set(key, line);
  }
}
