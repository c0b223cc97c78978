/**
 * Prints the rooms of the program into docs/architecture.md, between `<!-- ranks -->` and `<!-- /ranks -->`.
 * tests/architecture_test.ts checks that what stands there is current.
 */

import { RANKS, SIDE_ROOMS } from "../../tests/architecture/ranks.ts";

const MARKED = /(<!-- ranks -->\n)[\s\S]*?(<!-- \/ranks -->)/;

/** The ranks as a list, highest first, in the shape that the formatter leaves alone. */
export function renderRanks(): string {
  const ranks = RANKS.map(({ rooms, does }, at) => `${at + 1}. ${names(rooms)}: ${does}`);
  const sides = Object.entries(SIDE_ROOMS).map(([room, { importedBy, imports, does }]) => {
    const may = imports.length > 0 ? `imports ${names(imports)}` : "imports nothing";
    return `- ${names([room])}: ${does}. Imported by ${names(importedBy)} alone; ${may}`;
  });
  return `\n${ranks.join("\n")}\n\nBeside these:\n\n${sides.join("\n")}\n\n`;
}

/** The document with `ranks` between its markers. @throws {Error} if they are not there */
export function replaceRanks(text: string, ranks: string): string {
  if (!MARKED.test(text)) throw new Error("no <!-- ranks --> … <!-- /ranks --> in the document");
  return text.replace(MARKED, (_, open: string, close: string) => `${open}${ranks}${close}`);
}

function names(rooms: readonly string[]): string {
  return rooms.map((room) => `\`${room}\``).join(", ");
}

if (import.meta.main) {
  const path = new URL("../../docs/architecture.md", import.meta.url);
  await Deno.writeTextFile(path, replaceRanks(await Deno.readTextFile(path), renderRanks()));
}
