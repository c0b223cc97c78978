import assert from "node:assert/strict";
import { CHECKS } from "../../lib/doctor/mod.ts";
import { PAGE, renderCodes, renderSchema, SCHEMA } from "./doctor.ts";
import { readPart } from "./marked.ts";

const HINT = "run: deno run -A tools/docs/doctor.ts";

/** The formatter wraps lines where it likes. */
function words(markdown: string): string {
  return markdown.split(/\s+/).join(" ").trim();
}

Deno.test("docs/doctor.md has a section for each code, with the list's own words", async () => {
  const page = await Deno.readTextFile(PAGE);
  assert.equal(words(readPart(page, "codes")), words(renderCodes(CHECKS)), HINT);
  for (const { code } of CHECKS) assert.match(page, new RegExp(`^### ${code}$`, "m"));
});

Deno.test("docs/doctor.schema.json is the schema that --json goes by", async () => {
  const schema = JSON.parse(await Deno.readTextFile(SCHEMA));
  assert.deepEqual(schema, JSON.parse(renderSchema()), HINT);
  const rows = schema.properties.rows.items;
  assert.deepEqual(rows.properties.severity.enum, ["red", "unseen", "yellow", "green"]);
  assert.equal(rows.additionalProperties, false);
});
