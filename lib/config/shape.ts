/** Walks over the schemas of tables and keys. */
import * as v from "valibot";

/** Every key of a schema with its path, tables left out. */
export function listKeys(
  schema: v.GenericSchema,
  path: readonly string[] = [],
): { readonly path: readonly string[]; readonly schema: v.GenericSchema }[] {
  const entries = findEntries(schema);
  if (entries === undefined) return [{ path, schema }];
  return Object.entries(entries).flatMap(([name, entry]) => listKeys(entry, [...path, name]));
}

/** The schema at a path; undefined when there is none. */
export function findSchema(
  schema: v.GenericSchema,
  path: readonly string[],
): v.GenericSchema | undefined {
  const [name, ...rest] = path;
  if (name === undefined) return schema;
  const entry = findEntries(schema)?.[name];
  return entry === undefined ? undefined : findSchema(entry, rest);
}

/** The entries of a table's schema; undefined for a key. */
export function findEntries(schema: v.GenericSchema): v.ObjectEntries | undefined {
  const inner = unwrap(schema);
  return isObjectSchema(inner) ? inner.entries : undefined;
}

/** The schema inside `optional`, or the schema itself. */
export function unwrap(schema: v.GenericSchema): v.GenericSchema {
  return isOptionalSchema(schema) ? schema.wrapped : schema;
}

function isObjectSchema(
  schema: v.GenericSchema,
): schema is v.GenericSchema & { readonly entries: v.ObjectEntries } {
  return v.isOfType("object", schema);
}

export function isOptionalSchema(
  schema: v.GenericSchema,
): schema is v.GenericSchema & { readonly wrapped: v.GenericSchema } {
  return v.isOfType("optional", schema);
}
