import assert from "node:assert/strict";
import { COMMANDS } from "../../cmd/commands.ts";
import { renderCommands, renderKeys } from "./cli.ts";
import { renderPages } from "./man.ts";
import { readPart, replacePart } from "./marked.ts";

/** The formatter wraps lines where it likes. */
function words(markdown: string): string {
  return markdown.split(/\s+/).join(" ").trim();
}

async function part(file: string, name: string): Promise<string> {
  const path = new URL(`../../docs/${file}`, import.meta.url);
  return words(readPart(await Deno.readTextFile(path), name));
}

Deno.test("docs/cli.md and docs/configuration.md are current; else run deno run -A tools/docs/cli.ts", async () => {
  assert.equal(await part("cli.md", "commands"), words(renderCommands(COMMANDS)));
  assert.equal(await part("configuration.md", "lab-host"), words(renderKeys("lab-host")));
  assert.equal(await part("configuration.md", "receiver"), words(renderKeys("receiver")));
});

Deno.test("a part is replaced between its marks, whatever is in it", () => {
  const document = "a\n<!-- x -->\nold\n<!-- /x -->\nb\n";
  const replaced = replacePart(document, "x", "$& new");
  assert.equal(readPart(replaced, "x"), "$& new");
  assert(replaced.startsWith("a\n") && replaced.endsWith("\nb\n"));
  assert.throws(() => replacePart(document, "y", ""), /no <!-- y -->/);
});

Deno.test("there is a man page for each command, with every section in its place", () => {
  const pages = renderPages(COMMANDS, "1.2.3", "2026-01-31");
  assert.equal(pages.size, COMMANDS.length + 1);
  const page = pages.get("cis490-receive-token-add.1") ?? "";
  assert.match(page, /^\.TH CIS490-RECEIVE-TOKEN-ADD 1 "2026-01-31" "cis490 1\.2\.3"\n\.SH NAME\n/);
  assert.match(page, /\n\\fBHOST\\fR\n/);
  for (const [name, text] of pages) {
    const requests = text.split("\n").filter((line) => line.startsWith("."));
    const known = /^\.(TH|SH|PP|TP|EX|EE|B|BR)( |$)/;
    assert.deepEqual(requests.filter((line) => !known.test(line)), [], name);
  }
});
