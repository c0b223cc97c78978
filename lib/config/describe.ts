/** The keys of the files as rows, for docs/configuration.md. */
import * as v from "valibot";
import { findKeyFacts } from "./keys.ts";
import { labHostKeys } from "./lab_host.ts";
import type { ConfigRole } from "./load.ts";
import { receiverKeys } from "./receiver.ts";
import { isOptionalSchema, listKeys } from "./shape.ts";

export interface KeyRow {
  /** For example `queue`; empty at the top of the file. */
  readonly table: string;
  readonly name: string;
  readonly about: string;
  readonly expected: string;
  /** As it would stand in the file; undefined when the key has none. */
  readonly default: string | undefined;
  readonly required: boolean;
}

/** The keys of one file, in the order of the file. */
export function describeKeys(role: ConfigRole): KeyRow[] {
  const schema = role === "lab-host" ? labHostKeys : receiverKeys;
  return listKeys(schema).map(({ path, schema }) => {
    const optional = isOptionalSchema(schema);
    const facts = findKeyFacts(schema);
    if (facts === undefined) throw new TypeError(`${path.join(".")} has no facts`);
    const value: unknown = v.getDefault(schema);
    return {
      table: path.slice(0, -1).join("."),
      name: path.at(-1) ?? "",
      about: facts.about,
      expected: facts.expected,
      default: value === undefined ? undefined : JSON.stringify(value),
      required: !optional,
    };
  });
}
