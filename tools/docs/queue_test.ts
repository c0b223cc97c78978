import assert from "node:assert/strict";
import { RULES } from "../../lib/queue/mod.ts";
import { readPart } from "./marked.ts";
import { renderOutcomes, renderRules } from "./queue.ts";

/** The formatter wraps lines where it likes. */
function words(markdown: string): string {
  return markdown.split(/\s+/).join(" ").trim();
}

Deno.test("docs/queue.md has the rules and outcomes that the program goes by", async () => {
  const text = await Deno.readTextFile(new URL("../../docs/queue.md", import.meta.url));
  const hint = "run: deno run -A tools/docs/queue.ts";
  assert.equal(words(readPart(text, "rules")), words(renderRules(RULES)), hint);
  assert.equal(words(readPart(text, "outcomes")), words(renderOutcomes()), hint);
});
