import assert from "node:assert/strict";
import { EFFECTS } from "./architecture/effects.ts";
import { judge, type Tree } from "./architecture/rules.ts";
import { renderRanks, replaceRanks } from "../tools/docs/architecture.ts";

const ROOT = new URL("..", import.meta.url);

Deno.test("every import points down, meets only a room's face, and effects stay where they are listed", async () => {
  const config: { imports: Record<string, string> } = JSON.parse(
    await Deno.readTextFile(new URL("deno.json", ROOT)),
  );
  const sources = new Map<string, string>();
  for (const path of ["main.ts", "cmd", "lib"]) await collect(path, sources);
  assert.ok(sources.size > 10, "the program's sources were found");
  const packages = Object.keys(config.imports);
  assert.deepEqual(judge({ sources, packages, effects: EFFECTS }), []);
});

Deno.test("the repository's root has what belongs there, and nothing that a session left", async () => {
  const { success, stdout } = await new Deno.Command("git", {
    args: ["ls-tree", "--name-only", "HEAD"],
    cwd: ROOT,
  }).output();
  assert.ok(success, "git lists the files");
  const files = new TextDecoder().decode(stdout).split("\n");
  assert.deepEqual(files.filter((name) => /^token$|\.log$|\.toml$/.test(name)), []);
});

Deno.test("docs/architecture.md shows the ranks as they are", async () => {
  const text = await Deno.readTextFile(new URL("docs/architecture.md", ROOT));
  // The formatter wraps lines where it likes.
  const words = (markdown: string) => markdown.split(/\s+/).join(" ");
  const current = words(replaceRanks(text, renderRanks()));
  assert.equal(words(text), current, "tools/docs/architecture.ts brings it up to date");
});

Deno.test("a made-up tree shows that each rule can be broken and is then reported", () => {
  const tree = (files: Record<string, string>, effects: Tree["effects"] = {}): string[] => {
    const faces = ["sys", "events", "wire", "queue", "transport", "config", "shipper", "receiver"]
      .map((room): [string, string] => [`lib/${room}/mod.ts`, ""]);
    const sources = new Map([...faces, ["lib/sys/fs.ts", ""], ...Object.entries(files)]);
    return judge({ sources, packages: ["hono"], effects });
  };
  const one = (path: string, source: string) => tree({ [path]: source });

  const legal = `import { a } from "../sys/mod.ts"; import "hono/tiny"; // import "../queue/mod.ts"
    export * from "./b.ts"; const s = 'import "../queue/mod.ts"'; const r = /["'] import "x"/.test(s);
    new Worker(new URL("./b.ts", import.meta.url)); client.fetch(\`Deno.x \${s} fetch()\`);`;
  assert.deepEqual(tree({ "lib/wire/a.ts": legal, "lib/wire/b.ts": "" }), []);

  const upward = /^lib\/wire\/a.ts:1: wire may not import queue$/;
  const queue = "../queue/mod.ts";
  for (
    const source of [
      `import { a } from "${queue}";`,
      `import type { A } from "${queue}";`,
      `import "${queue}";`,
      `import a, * as b from "${queue}";`,
      `export { a as b } from "${queue}";`,
      `export type * from "${queue}";`,
      `export * as c from "${queue}";`,
      `const a = await import("${queue}");`,
      `let a: import("${queue}").A;`,
      `new URL("${queue}", import.meta.url);`,
    ]
  ) {
    const findings = one("lib/wire/a.ts", source);
    assert.equal(findings.length, 1, source);
    assert.match(findings[0] ?? "", upward, source);
  }

  const cases: readonly [string, string, RegExp][] = [
    [
      "lib/wire/a.ts",
      `\n\nimport "../sys/fs.ts";`,
      /a.ts:3: imports lib\/sys\/fs.ts past the room/,
    ],
    ["lib/queue/a.ts", `import "../transport/mod.ts";`, /queue may not import transport/],
    ["lib/shipper/a.ts", `import "../receiver/mod.ts";`, /shipper may not import receiver/],
    ["lib/receiver/a.ts", `import "../config/mod.ts";`, /receiver may not import config/],
    ["lib/config/a.ts", `import "../queue/mod.ts";`, /config may not import queue/],
    ["lib/attic/a.ts", `import "../sys/mod.ts";`, /lib\/attic\/a.ts belongs to no room/],
    ["cmd/a.ts", `import "../tools/build.ts";`, /tools\/build.ts is not part of the program/],
    ["cmd/a.ts", `import "npm:hono";`, /npm:hono is not in deno.json's import map/],
    ["cmd/a.ts", "await import(`./${name}.ts`);", /imports something computed/],
    ["lib/wire/a.ts", "x(Deno.args)", /a.ts: uses Deno: take it as a parameter/],
    ["lib/wire/a.ts", "await fetch(url)", /uses fetch/],
    ["lib/wire/a.ts", "const t = `${Date.now()}`", /uses Date.now/],
    ["lib/wire/a.ts", "const t = new Date()", /uses new Date\(\)/],
    ["lib/wire/a.ts", "Math.random()", /uses Math.random/],
    ["lib/wire/a.ts", "const f = setTimeout;", /uses setTimeout/],
    ["lib/wire/a.ts", "performance.now()", /uses performance.now/],
    ["lib/wire/a.ts", `import "node:fs";`, /uses node:fs/],
  ];
  for (const [path, source, expected] of cases) {
    const findings = one(path, source);
    assert.equal(findings.length, 1, `${source}: ${findings}`);
    assert.match(findings[0] ?? "", expected);
  }

  const listed = { "lib/wire/a.ts": { uses: ["Deno", "frob"], why: "" } };
  assert.deepEqual(tree({ "lib/wire/a.ts": "" }, listed), [
    "lib/wire/a.ts: is listed for Deno and does not use it",
    "lib/wire/a.ts: is listed for frob and does not use it",
    "lib/wire/a.ts: is listed for frob, which is no effect that is looked for",
  ]);
  assert.deepEqual(
    tree({ "lib/wire/a.ts": "Deno.args" }, {
      "lib/wire/a.ts": { uses: ["Deno"], why: "" },
    }),
    [],
  );
  assert.match(tree({}, listed).join(), /is listed for its effects and is not there/);
});

async function collect(path: string, into: Map<string, string>): Promise<void> {
  const url = new URL(path, ROOT);
  if ((await Deno.stat(url)).isFile) {
    if (path.endsWith(".ts")) into.set(path, await Deno.readTextFile(url));
    return;
  }
  for await (const entry of Deno.readDir(url)) await collect(`${path}/${entry.name}`, into);
}
