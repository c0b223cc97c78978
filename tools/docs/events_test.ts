import assert from "node:assert/strict";
import { renderEvents, renderFields } from "./events.ts";
import { readPart } from "./marked.ts";

/** The formatter wraps lines and pads tables as it likes. */
function words(markdown: string): string {
  return markdown.replaceAll(/-{3,}/g, "---").split(/\s+/).join(" ").trim();
}

Deno.test("docs/events.md has the events that the program logs", async () => {
  const text = await Deno.readTextFile(new URL("../../docs/events.md", import.meta.url));
  const hint = "run: deno run -A tools/docs/events.ts";
  assert.equal(words(readPart(text, "events")), words(renderEvents()), hint);
  assert.equal(words(readPart(text, "fields")), words(renderFields()), hint);
});
