/**
 * A logged line back into its event: the inverse of `formatEvent`. Lines of an older or a newer version are understood as far
 * as they go: a name or a field that is in no list here is handed on as it stands.
 */
import { EVENTS } from "./list.ts";

/** What a line of the log says. */
export interface ReadEvent {
  readonly name: string;
  /** Whether this version logs events of that name. */
  readonly isKnown: boolean;
  /** The sentence in front of the pairs. */
  readonly words: string;
  /** All values as text, since a line does not tell a number from its digits. */
  readonly fields: ReadonlyMap<string, string>;
  /** How often it was said: more than once when a field `repeated` counts lines that were left out before this one. */
  readonly times: number;
}

const MARK = "event=";

/** Undefined when no event stands in the line: another program's, or a message without pairs. */
export function parseEvent(line: string): ReadEvent | undefined {
  const text = line.replace(/^<[0-7]>/, "");
  // From the right: the words may quote another line, and a value that holds a space stands in quotes, so that what
  // begins inside of it never ends as pairs do.
  for (let at = text.lastIndexOf(MARK); at >= 0; at = text.lastIndexOf(MARK, at - 1)) {
    if (at > 0 && text[at - 1] !== " ") continue;
    const pairs = parsePairs(text.slice(at));
    const [first, ...fields] = pairs ?? [];
    if (first !== undefined) return eventOf(first[1], text.slice(0, Math.max(0, at - 1)), fields);
    if (at === 0) break;
  }
  return undefined;
}

function eventOf(name: string, words: string, pairs: readonly Pair[]): ReadEvent {
  const fields = new Map(pairs);
  const suppressed = Number(fields.get("repeated") ?? 0);
  return {
    name,
    isKnown: Object.hasOwn(EVENTS, name),
    words,
    fields,
    times: Number.isSafeInteger(suppressed) && suppressed > 0 ? suppressed + 1 : 1,
  };
}

type Pair = readonly [key: string, value: string];

const PAIR = /([A-Za-z_][A-Za-z0-9_]*)=(?:("(?:[^"\\]|\\.)*")|([^\s"=\\]+))(?: |$)/y;

/** Undefined unless all of `text` is pairs. */
function parsePairs(text: string): Pair[] | undefined {
  const pairs: Pair[] = [];
  PAIR.lastIndex = 0;
  while (PAIR.lastIndex < text.length) {
    const match = PAIR.exec(text);
    if (match === null) return undefined;
    const [, key = "", quoted, bare = ""] = match;
    const value = quoted === undefined ? bare : findString(quoted);
    if (value === undefined) return undefined;
    pairs.push([key, value]);
  }
  return pairs;
}

function findString(json: string): string | undefined {
  try {
    return String(JSON.parse(json));
  } catch {
    // Quotes that this program did not write.
    return undefined;
  }
}
