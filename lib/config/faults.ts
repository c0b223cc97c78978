/** What is wrong with a configuration: all of it at once, each with its place and with what was expected. */
import type * as v from "valibot";
import { closest } from "../closest.ts";
import { findKeyFacts } from "./keys.ts";
import { findEntries, findSchema, listKeys } from "./shape.ts";

/** One thing that is wrong. */
export interface ConfigFault {
  /** From 1; undefined when no line is to blame, as for a key that is missing. */
  readonly line: number | undefined;
  /** For example `queue.settle_s`; empty when the whole file is meant. */
  readonly key: string;
  /** One sentence without a full stop: what was expected, and what was found. */
  readonly what: string;
}

/** A configuration that can't be used. Its message has one line a fault. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";

  constructor(
    readonly file: string,
    readonly faults: readonly ConfigFault[],
    /** Why there was nothing to parse; undefined when the content is at fault. */
    readonly unreadable?: "missing" | "denied" | "other",
    options?: ErrorOptions,
  ) {
    super(faults.map((fault) => formatFault(file, fault)).join("\n"), options);
  }
}

/** `FILE:LINE: KEY: what`, in the manner of compilers, so that editors can jump there. */
export function formatFault(file: string, { line, key, what }: ConfigFault): string {
  return [line === undefined ? file : `${file}:${line}`, key, what]
    .filter((part) => part !== "").join(": ");
}

/** A fault whose line is not known yet. */
export interface Unplaced {
  readonly path: readonly string[];
  readonly what: string;
}

/** Keys that are in `value` and not in `schema`, with the key that was probably meant. */
export function findUnknownKeys(schema: v.GenericSchema, value: unknown): Unplaced[] {
  const places = listKeys(schema);
  return walk(schema, value, []);

  function walk(table: v.GenericSchema, found: unknown, path: readonly string[]): Unplaced[] {
    const entries = findEntries(table);
    if (entries === undefined || !isTable(found)) return [];
    return Object.keys(found).flatMap((name) => {
      const entry = Object.hasOwn(entries, name) ? entries[name] : undefined;
      if (entry !== undefined) return walk(entry, found[name], [...path, name]);
      return [{
        path: [...path, name],
        what: `unknown key${suggest(name, path, Object.keys(entries), places)}`,
      }];
    });
  }
}

/** The issues of valibot, the first of each key. */
export function describeIssues(
  schema: v.GenericSchema,
  issues: readonly v.BaseIssue<unknown>[],
): Unplaced[] {
  const seen = new Map<string, Unplaced>();
  for (const issue of issues) {
    const path = (issue.path ?? []).map((item) => String(item.key));
    const key = path.join(".");
    if (seen.has(key)) continue;
    const schemaThere = findSchema(schema, path);
    const facts = schemaThere === undefined ? undefined : findKeyFacts(schemaThere);
    const value = path.length === 0 ? issue.input : issue.path?.at(-1)?.value;
    // valibot's own message for a required key that is missing tells nothing of what belongs there.
    const expected = issue.type === "object" ? facts?.expected ?? issue.message : issue.message;
    const hidden = typeof value === "string" && facts?.mayBeSecret(value) === true;
    seen.set(key, {
      path,
      what: value === undefined
        ? `missing; expected ${expected}`
        : `expected ${expected}, found ${describe(value, hidden)}`,
    });
  }
  return [...seen.values()];
}

function suggest(
  name: string,
  path: readonly string[],
  siblings: readonly string[],
  places: readonly { readonly path: readonly string[] }[],
): string {
  const elsewhere = places.filter((place) => place.path.at(-1) === name);
  const [place] = elsewhere;
  if (place !== undefined && elsewhere.length === 1) {
    const table = place.path.slice(0, -1).join(".");
    return table === ""
      ? "; it belongs at the top, before the first table"
      : `; it belongs in [${table}]`;
  }
  const near = closest(name, siblings);
  if (near !== undefined) return `; did you mean ${near}?`;
  return path.length === 0 || siblings.length > 12
    ? ""
    : `; [${path.join(".")}] has ${siblings.join(", ")}`;
}

function describe(value: unknown, hidden: boolean): string {
  if (typeof value === "string") {
    return hidden ? "another string (not shown: it may be a secret)" : JSON.stringify(value);
  }
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  if (Array.isArray(value)) return "an array";
  return value instanceof Date ? "a date" : "a table";
}

function isTable(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value) &&
    !(value instanceof Date);
}
