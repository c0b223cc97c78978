/** The examples of the configuration, which the installers put beside it, against docs/configuration.md. */
import assert from "node:assert/strict";
import { loadLabHostConfig, loadReceiverConfig } from "../../lib/config/mod.ts";

const ROOT = new URL("../../", import.meta.url).pathname;

/** `table.key` with the default that is written behind it, or `undefined` for a key that has none. */
type Keys = ReadonlyMap<string, string | undefined>;

function readDocs(name: string): Keys {
  const text = Deno.readTextFileSync(`${ROOT}docs/configuration.md`);
  const [, part = ""] = new RegExp(`<!-- ${name} -->([^]*)<!-- /${name} -->`).exec(text) ?? [];
  return readKeys(
    part,
    /^In `\[(?<table>\w+)\]`|^- `(?<key>\w+)` \((?:default `(?<value>[^`]*)`)?/gm,
  );
}

/** Those that are commented out as well. */
function readExample(name: string): Keys {
  const text = Deno.readTextFileSync(`${ROOT}install/${name}.toml.example`);
  return readKeys(text, /^\[(?<table>\w+)\]|^#?(?<key>\w+) = (?<value>.*)$/gm);
}

function readKeys(text: string, pattern: RegExp): Keys {
  let table = "";
  return new Map([...text.matchAll(pattern)].flatMap(({ groups = {} }) => {
    if (groups.table !== undefined) {
      table = `${groups.table}.`;
      return [];
    }
    return [[`${table}${groups.key}`, groups.value] as const];
  }));
}

for (const name of ["lab-host", "receiver"]) {
  Deno.test(`${name}.toml.example has every key, and its default`, () => {
    const example = readExample(name);
    const docs = readDocs(name);
    assert.ok(docs.size > 10);
    assert.deepEqual([...example.keys()].toSorted(), [...docs.keys()].toSorted());
    for (const [key, value] of docs) {
      if (value !== undefined) assert.equal(example.get(key), value, key);
    }
  });
}

Deno.test("the examples are good configurations, with and without what is commented out", async () => {
  const directory = await Deno.makeTempDir();
  try {
    for (
      const [name, load] of [["lab-host", loadLabHostConfig], [
        "receiver",
        loadReceiverConfig,
      ]] as const
    ) {
      const text = await Deno.readTextFile(`${ROOT}install/${name}.toml.example`);
      for (const content of [text, text.replaceAll(/^#(?=\w+ = )/gm, "")]) {
        const file = `${directory}/${name}.toml`;
        await Deno.writeTextFile(file, content);
        await load(file);
      }
    }
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});
