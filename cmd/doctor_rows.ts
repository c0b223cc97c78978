/** How rows look: mark and word, what was looked at, the cause; below it the command that mends it. */
import type { Row, Severity } from "../lib/doctor/mod.ts";
import { formatTable, type Io, paint, printable } from "./print.ts";

interface Mark {
  /** For the eye; the word says the same without colour. */
  readonly sign: string;
  readonly word: string;
  readonly color: "green" | "yellow" | "red";
}

const MARKS: Readonly<Record<Severity, Mark>> = {
  green: { sign: "✓", word: "ok", color: "green" },
  yellow: { sign: "!", word: "WARNING", color: "yellow" },
  red: { sign: "✗", word: "WRONG", color: "red" },
  unseen: { sign: "?", word: "UNSEEN", color: "yellow" },
};

/** Lines for people. The role stands in each row where the machine has both. */
export function renderRows(rows: readonly Row[], io: Pick<Io, "color">): string[] {
  const hasBoth = new Set(rows.map(({ role }) => role)).size > 1;
  const table = formatTable(rows.map(({ severity, role, title, cause }) => {
    const { sign, word } = MARKS[severity];
    return [`${sign} ${word}`, ...(hasBoth ? [role] : []), title, printable(cause)];
  }));
  return rows.flatMap(({ severity, fix }, i) => {
    const line = paint(io, MARKS[severity].color, table[i] ?? "");
    return fix === undefined ? [line] : [line, `  fix: ${printable(fix)}`];
  });
}
