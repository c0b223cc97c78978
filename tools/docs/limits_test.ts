import assert from "node:assert/strict";
import { renderLimits } from "./limits.ts";
import { readPart } from "./marked.ts";

/** The formatter lays tables out as it likes. */
function cells(markdown: string): string[] {
  return markdown.split(/[\s|]+/).filter((word) => !/^-*$/.test(word));
}

Deno.test("docs/receiver.md has the limits that the receiver goes by", async () => {
  const text = await Deno.readTextFile(new URL("../../docs/receiver.md", import.meta.url));
  const hint = "run: deno run -A tools/docs/limits.ts";
  assert.deepEqual(cells(readPart(text, "limits")), cells(await renderLimits()), hint);
});
