/**
 * The kinds of value that a configuration key can have. Each kind carries, in words, what is expected: the
 * error messages and docs/configuration.md are made of them.
 */
import * as v from "valibot";
import { findHostId, findStamp, ID_GRAMMAR_WORDS } from "../episode/mod.ts";
import { unwrap } from "./shape.ts";

/** What messages and documentation say of a key. */
export interface KeyFacts {
  readonly about: string;
  readonly expected: string;
  /** True when a value that was refused may be a secret, put there by mistake: it is not repeated then. */
  readonly mayBeSecret: (value: string) => boolean;
}

/** A number that need not be whole, from `min` to `max` of `unit`. */
export function amount(about: string, unit: string, min: number, max: number) {
  const expected = `a number of ${unit} from ${min} to ${max}`;
  return note(
    v.pipe(
      v.number(expected),
      v.finite(expected),
      v.minValue(min, expected),
      v.maxValue(max, expected),
    ),
    { about, expected },
  );
}

/** A whole number from `min` to `max`. */
export function count(about: string, min: number, max: number) {
  const expected = `a whole number from ${min} to ${max}`;
  return note(
    v.pipe(
      v.number(expected),
      v.integer(expected),
      v.minValue(min, expected),
      v.maxValue(max, expected),
    ),
    { about, expected },
  );
}

export function flag(about: string) {
  const expected = "true or false";
  return note(v.boolean(expected), { about, expected });
}

/** A string that `isValid`. */
export function text(about: string, expected: string, isValid: (value: string) => boolean) {
  return note(v.pipe(v.string(expected), v.check(isValid, expected)), { about, expected });
}

/** An absolute path. What it names may come into being later: existence is checked when it is used. */
export function absolutePath(about: string) {
  return text(about, "an absolute path", isAbsolutePath);
}

/** Where a secret lies: an absolute path, or `credential:NAME` (systemd.exec(5), LoadCredential=). */
export function secretSource(about: string) {
  const expected = "an absolute path, or credential:NAME for a systemd credential";
  const isValid = (value: string) => isAbsolutePath(value) || /^credential:[\w.-]+$/.test(value);
  return note(
    v.pipe(
      v.string(expected),
      v.check(isValid, expected),
    ),
    { about, expected, mayBeSecret: () => true },
  );
}

export function hostId(about: string) {
  const expected = ID_GRAMMAR_WORDS;
  return note(
    v.pipe(
      v.string(expected),
      v.rawTransform(({ dataset, addIssue, NEVER }) => {
        const id = findHostId(dataset.value);
        if (id !== undefined) return id;
        addIssue({ message: expected });
        return NEVER;
      }),
    ),
    { about, expected },
  );
}

/** A list of commits. */
export function commits(about: string) {
  const expected = "a list of commits";
  const one = "a commit, 40 lower-case hex digits in quotes";
  const commit = v.pipe(
    v.string(one),
    v.rawTransform(({ dataset, addIssue, NEVER }) => {
      const stamp = findStamp(dataset.value);
      if (stamp !== undefined) return stamp;
      addIssue({ message: one });
      return NEVER;
    }),
  );
  return note(v.array(commit, expected), { about, expected: `a list; each ${one}` });
}

/** `http://` or `https://` with a host and maybe a port, and nothing else; becomes its origin (RFC 6454). */
export function httpOrigin(about: string, expected: string) {
  return note(
    v.pipe(
      v.string(expected),
      v.rawTransform(({ dataset, addIssue, NEVER }) => {
        const origin = findHttpOrigin(dataset.value);
        if (origin !== undefined) return origin;
        addIssue({ message: expected });
        return NEVER;
      }),
    ),
    { about, expected, mayBeSecret: (value) => value.includes("@") },
  );
}

export function isAbsolutePath(value: string): boolean {
  return value.startsWith("/") && !value.includes("\0");
}

/** The facts that a key's schema was built with; undefined for a table. */
export function findKeyFacts(schema: v.GenericSchema): KeyFacts | undefined {
  return known.get(unwrap(schema));
}

const known = new WeakMap<v.GenericSchema, KeyFacts>();

/** Ties its facts to a key's schema, and returns the schema. */
export function note<Schema extends v.GenericSchema>(
  schema: Schema,
  facts: Omit<KeyFacts, "mayBeSecret"> & Partial<KeyFacts>,
): Schema {
  known.set(schema, { mayBeSecret: () => false, ...facts });
  return schema;
}

function findHttpOrigin(value: string): string | undefined {
  if (!URL.canParse(value)) return undefined;
  const url = new URL(value);
  const isBare = url.pathname === "/" && url.search === "" && url.hash === "" &&
    url.username === "" && url.password === "";
  const isHttp = url.protocol === "http:" || url.protocol === "https:";
  return isHttp && isBare && !value.includes("?") && !value.includes("#") ? url.origin : undefined;
}
