import assert from "node:assert/strict";
import { FIELDS } from "./fields.ts";
import { EVENT_LISTS, EVENTS } from "./list.ts";

const SOURCES = ["lib", "cmd"].map((name) => new URL(`../../${name}/`, import.meta.url));

Deno.test("no name stands in two lists, which would hide one of the two", () => {
  const names = EVENT_LISTS.flatMap(({ events }) => Object.keys(events));
  assert.deepEqual([...new Set(names)], names);
  assert.deepEqual(Object.keys(EVENTS).sort(), names.sort());
});

Deno.test("what an event ends is an event that can go on", () => {
  for (const [name, { ends }] of Object.entries(EVENTS)) {
    for (const ended of ends) {
      const row = Object.entries(EVENTS).find(([other]) => other === ended)?.[1];
      assert.ok(row?.thinBy, `${name} ends ${ended}`);
    }
  }
});

Deno.test("every event and every field is used by the program", async () => {
  let code = "";
  for (const directory of SOURCES) code += await sourcesIn(directory);
  for (const name of Object.keys(EVENTS)) assert.ok(code.includes(`"${name}"`), name);
  const used = new Set(Object.values(EVENTS).flatMap(({ fields }) => fields));
  for (const field of Object.keys(FIELDS)) {
    assert.ok(used.has(field as keyof typeof FIELDS) || field === "repeated", field);
  }
});

/** The code but for the lists themselves and the tests. */
async function sourcesIn(directory: URL): Promise<string> {
  let code = "";
  for await (const { name, isDirectory } of Deno.readDir(directory)) {
    const url = new URL(isDirectory ? `${name}/` : name, directory);
    if (isDirectory && !url.pathname.endsWith("/lib/events/")) code += await sourcesIn(url);
    else if (/(?<!_test)\.ts$/.test(name)) code += await Deno.readTextFile(url);
  }
  return code;
}
