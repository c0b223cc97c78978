/**
 * Prints the doctor's checks into docs/doctor.md, and the schema of its `--json` into docs/doctor.schema.json.
 *
 *   deno run -A tools/docs/doctor.ts
 */
import { toJsonSchema } from "@valibot/to-json-schema";
import { CHECKS, reportSchema, type Role, type RoleCheck } from "../../lib/doctor/mod.ts";
import { replacePart } from "./marked.ts";

export const PAGE = new URL("../../docs/doctor.md", import.meta.url);
export const SCHEMA = new URL("../../docs/doctor.schema.json", import.meta.url);

const ROLE_WORDS: Readonly<Record<Role, string>> = {
  "lab-host": "lab host",
  "receiver": "receiver",
};

/** A section for each code, in the order of the list; a check that both roles have stands once. */
export function renderCodes(checks: readonly RoleCheck[]): string {
  const byCode = Map.groupBy(checks, ({ code }) => code);
  return [...byCode.values()].map(renderCode).join("\n\n");
}

function renderCode(checks: readonly RoleCheck[]): string {
  const [check] = checks;
  if (check === undefined) throw new RangeError("a code without a check");
  const { code, title, means, comes, mend } = check;
  const roles = checks.map(({ role }) => ROLE_WORDS[role]).join(" and ");
  return [
    `### ${code}`,
    `Row “${title}”, ${roles}${hiddenBy(checks)}.`,
    means,
    `**How it comes about.** ${comes}`,
    `**How to mend it.** ${mend}`,
  ].join("\n\n");
}

function hiddenBy(checks: readonly RoleCheck[]): string {
  const causes = new Set(checks.flatMap(({ dependsOn, dependsOnReceiverHere = [] }) => [
    ...dependsOn,
    ...dependsOnReceiverHere,
  ]));
  if (causes.size === 0) return "";
  return `; folded under ${[...causes].map((cause) => `[${cause}](#${cause})`).join(", ")}`;
}

/** JSON Schema, draft-07. */
export function renderSchema(): string {
  return JSON.stringify(toJsonSchema(reportSchema, { errorMode: "ignore" }), undefined, 2) + "\n";
}

if (import.meta.main) {
  const page = await Deno.readTextFile(PAGE);
  await Deno.writeTextFile(PAGE, replacePart(page, "codes", renderCodes(CHECKS)));
  await Deno.writeTextFile(SCHEMA, renderSchema());
}
