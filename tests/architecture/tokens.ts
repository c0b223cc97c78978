/**
 * Cuts TypeScript into tokens, so that words in comments, strings and regular expressions are not taken for code.
 */

/** One token. `text` of a string is what stands between its quotes; of a template without `${}` likewise. */
export interface Token {
  readonly kind: "word" | "string" | "template" | "regex" | "mark";
  readonly text: string;
  readonly line: number;
}

/** Words after which a `/` begins a regular expression, not a division. */
const BEFORE_REGEX = new Set(
  "return typeof case in of delete void throw new await yield else do instanceof".split(" "),
);

const SPACE = /\s+|\/\/[^\n]*|\/\*[\s\S]*?\*\//y;
const WORD = /#?[\p{ID_Start}$_][\p{ID_Continue}$\u200c\u200d]*|\d[\w.]*/uy;
const STRING = /"((?:[^"\\\n]|\\[\s\S])*)"|'((?:[^'\\\n]|\\[\s\S])*)'/y;
const REGEX = /\/(?:[^/\\[\n]|\\.|\[(?:[^\]\\\n]|\\.)*\])+\/[a-z]*/y;
/** Text of a template up to its end or its next `${`. */
const TEMPLATE = /((?:[^`\\$]|\\[\s\S]|\$(?!\{))*)(`|\$\{)/y;

/** @throws {Error} naming the line where the source stops making sense */
export function tokenize(source: string): Token[] {
  const tokens: Token[] = [];
  /** For each open brace: does it close a template's `${`? */
  const braces: boolean[] = [];
  let at = source.startsWith("#!") ? source.indexOf("\n") : 0;
  let line = 1;

  const take = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = at;
    const match = pattern.exec(source);
    if (match !== null) {
      at = pattern.lastIndex;
      line += match[0].split("\n").length - 1;
    }
    return match;
  };
  const template = (): void => {
    const start = line;
    const match = take(TEMPLATE);
    if (match === null) throw new Error(`line ${start}: a template that does not end`);
    tokens.push({ kind: "template", text: match[1] ?? "", line: start });
    if (match[2] === "${") {
      braces.push(true);
      tokens.push({ kind: "mark", text: "${", line });
    }
  };

  while (true) {
    if (take(SPACE) !== null) continue;
    if (at >= source.length) return tokens;
    const start = line;
    const found = take(WORD);
    if (found !== null) {
      tokens.push({ kind: "word", text: found[0], line: start });
      continue;
    }
    const quoted = take(STRING);
    if (quoted !== null) {
      tokens.push({ kind: "string", text: quoted[1] ?? quoted[2] ?? "", line: start });
      continue;
    }
    const char = source.charAt(at);
    if (char === '"' || char === "'") throw new Error(`line ${line}: a string that does not end`);
    if (char === "/" && regexMayStand(tokens.at(-1))) {
      const regex = take(REGEX);
      if (regex === null) throw new Error(`line ${line}: a regular expression that does not end`);
      tokens.push({ kind: "regex", text: regex[0], line: start });
      continue;
    }
    at++;
    if (char === "`") {
      template();
      continue;
    }
    tokens.push({ kind: "mark", text: char, line });
    if (char === "{") braces.push(false);
    if (char === "}" && braces.pop() === true) template();
  }
}

function regexMayStand(before: Token | undefined): boolean {
  if (before === undefined) return true;
  if (before.kind === "word") return BEFORE_REGEX.has(before.text);
  return before.kind === "mark" && ![")", "]", "}"].includes(before.text);
}
