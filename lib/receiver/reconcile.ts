/** Compares the receipts that a lab host keeps with what the store has. */
import { findReceipt, type Receipt } from "../wire/mod.ts";
import type { StoreView } from "./store.ts";
import { StoreError } from "./store_error.ts";

export const RECONCILED = ["has", "lacks", "different"] as const;

export interface Reconciled {
  /** `different`: another episode is stored under that name. */
  readonly kind: typeof RECONCILED[number];
  /** The lab host's. */
  readonly receipt: Receipt;
  /** The store's; undefined when it lacks the episode. */
  readonly stored: Receipt | undefined;
}

/** What the store has of each of these. An archive is there when it has the size of its receipt; none is read. Throws FsError. */
export async function* reconcile(
  store: Pick<StoreView, "find">,
  receipts: Iterable<Receipt>,
): AsyncGenerator<Reconciled> {
  for (const receipt of receipts) {
    const stored = await store.find(receipt.host, receipt.id);
    const isSame = stored?.episode_digest === receipt.episode_digest;
    yield { kind: stored === undefined ? "lacks" : isSame ? "has" : "different", receipt, stored };
  }
}

/**
 * The receipts in the text of receipt.json files, one after another: a lab host's, which hold the receipt as a member, or the
 * receiver's own. Throws StoreError `unreadable` at the first that is neither.
 *
 * @param name what the text is called in errors
 */
export function* parseReceipts(text: string, name: string): Generator<Receipt> {
  for (const { value, line } of valuesIn(text, name)) {
    const isNote = typeof value === "object" && value !== null && "receipt" in value;
    const receipt = findReceipt(isNote ? value.receipt : value);
    if (receipt === undefined) throw unreadable(name, line, "this is no receipt");
    yield receipt;
  }
}

/** JSON objects one after another (RFC 8259), each with the line that it begins in. */
function* valuesIn(text: string, name: string): Generator<{ value: unknown; line: number }> {
  let line = 1;
  for (let at = 0; at < text.length;) {
    const end = endOfObject(text, at);
    const part = text.slice(at, end);
    const leading = /^\s*/.exec(part)?.[0] ?? "";
    if (leading.length === part.length) return;
    const first = line + linesIn(leading);
    try {
      yield { value: JSON.parse(part), line: first };
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
      throw unreadable(name, first, "this is no JSON", error);
    }
    line += linesIn(part);
    at = end;
  }
}

/** Where the object ends that begins at `at` or after it; the end of the text when none does. */
function endOfObject(text: string, at: number): number {
  // A string as a whole, so that braces in it do not count; an escaped quote does not end it.
  const token = /"(?:[^"\\]|\\.)*"|[{}]/gsy;
  const next = /["{}]/g;
  let depth = 0;
  for (next.lastIndex = at;;) {
    const found = next.exec(text);
    if (found === null) return text.length;
    token.lastIndex = found.index;
    const match = token.exec(text);
    if (match === null) return text.length;
    next.lastIndex = token.lastIndex;
    if (match[0] === "{") depth++;
    if (match[0] === "}" && --depth <= 0) return token.lastIndex;
  }
}

function linesIn(text: string): number {
  return text.split("\n").length - 1;
}

function unreadable(name: string, line: number, why: string, cause?: unknown): StoreError {
  return new StoreError(
    "unreadable",
    name,
    `${name}: line ${line}: ${why}`,
    "cat /var/lib/cis490/shipped/*/receipt.json on the lab host makes such a list",
    { cause },
  );
}
