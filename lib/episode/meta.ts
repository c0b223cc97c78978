/** `meta.json`: the one file of an episode that this program reads. */

/** The commit of the lab code that recorded an episode: 40 lower-case hex digits. */
export type Stamp = string & { readonly __brand: "Stamp" };

export const META_NAME = "meta.json";

/** A meta.json above this is refused: its stamp is read into memory whole. */
export const META_LIMIT_BYTES = 1024 * 1024;

const STAMP_GRAMMAR = /^[0-9a-f]{40}$/;

export function findStamp(text: string): Stamp | undefined {
  return STAMP_GRAMMAR.test(text) ? text as Stamp : undefined;
}

/** What a meta.json says of the code that recorded the episode. */
export type Meta =
  | { readonly kind: "stamped"; readonly stamp: Stamp }
  /** Readable, but without a valid `code_version.commit`; `why` says what is there instead. */
  | { readonly kind: "unstamped"; readonly why: string }
  /** Not a JSON object at all. */
  | { readonly kind: "unreadable"; readonly why: string };

/** Reads the bytes of a meta.json. Never throws: every fault is a kind of {@link Meta}. */
export function parseMeta(bytes: Uint8Array): Meta {
  if (bytes.byteLength > META_LIMIT_BYTES) {
    return { kind: "unreadable", why: `${META_NAME} is larger than ${META_LIMIT_BYTES} bytes` };
  }
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (error) {
    const what = error instanceof SyntaxError ? "JSON" : "UTF-8";
    return { kind: "unreadable", why: `${META_NAME} is not ${what}` };
  }
  if (!isObject(value)) return { kind: "unreadable", why: `${META_NAME} is not a JSON object` };
  const codeVersion = value["code_version"];
  if (!isObject(codeVersion)) return { kind: "unstamped", why: "code_version is missing" };
  const commit = codeVersion["commit"];
  if (typeof commit !== "string") {
    return { kind: "unstamped", why: "code_version.commit is missing" };
  }
  const stamp = findStamp(commit);
  return stamp === undefined
    ? { kind: "unstamped", why: "code_version.commit is not 40 lower-case hex digits" }
    : { kind: "stamped", stamp };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
