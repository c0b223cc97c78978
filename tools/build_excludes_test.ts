import assert from "node:assert/strict";
import { findUnused } from "./build_excludes.ts";

type Files = Readonly<Record<string, string>>;

/** Two packages, of which one needs the other: `main` is an ES module, `dep` is CommonJS. */
const MAIN: Files = {
  "package.json": JSON.stringify({
    type: "module",
    exports: {
      ".": { import: { types: "./dist/types/index.d.ts", default: "./dist/index.js" } },
      "./extra": "./dist/extra/index.js",
    },
  }),
  "README.md": "",
  "dist/index.js": `import { a } from "./used/a.js";\nexport * from './b.js';`,
  "dist/used/a.js": `const b = () => import("../lazy.js");\nimport x from "dep";`,
  "dist/used/not.js": "",
  "dist/b.js": `/* import "@scope/main/extra" */\nimport { readFile } from "node:fs";`,
  "dist/lazy.js": "",
  "dist/extra/index.js": "",
  "dist/types/index.d.ts": `export * from "../b.js";`,
};
const DEP: Files = {
  "package.json": JSON.stringify({ main: "./lib" }),
  "lib/index.js":
    `// What we require\nmodule.exports = require('./one'), require("./data"), require("fs");`,
  "lib/one.js": "",
  "lib/data.json": "{}",
  "lib/two.js": "",
  "test/samples": "",
};
const UNUSED = [
  "main/README.md",
  "main/dist/extra",
  "main/dist/types",
  "main/dist/used/not.js",
  "dep/lib/two.js",
  "dep/test",
];

/** What is left out of the two packages, with these files in place of those above. */
async function unused(main: Files = {}, dep: Files = {}): Promise<string[]> {
  const cache = await Deno.makeTempDir({ prefix: "cis490-npm-" });
  const registry = `${cache}/registry.example`;
  const write = async (root: string, files: Files) => {
    for (const [path, text] of Object.entries(files)) {
      const file = `${root}/${path}`;
      await Deno.mkdir(file.slice(0, file.lastIndexOf("/")), { recursive: true });
      await Deno.writeTextFile(file, text);
    }
  };
  try {
    await write(`${registry}/@scope/main/1.2.3`, { ...MAIN, ...main });
    await write(`${registry}/dep/2.0.0`, { ...DEP, ...dep });
    const paths = findUnused({
      modules: [{}, { npmPackage: "@scope/main@1.2.3" }],
      npmPackages: {
        "@scope/main@1.2.3": { name: "@scope/main", version: "1.2.3", dependencies: ["dep@2.0.0"] },
        "dep@2.0.0": { name: "dep", version: "2.0.0", dependencies: [] },
        "absent@1.0.0": { name: "absent", version: "1.0.0", dependencies: [] },
      },
    }, cache);
    return paths.map((path) =>
      path.slice(registry.length + 1).replace("@scope/main/1.2.3", "main").replace("/2.0.0", "")
    );
  } finally {
    await Deno.remove(cache, { recursive: true });
  }
}

Deno.test("of a package, what its entry does not lead to is left out, and so in what it needs", async () => {
  assert.deepEqual(await unused(), UNUSED);
});

Deno.test("a dependency that nothing imports is left out, but for its package.json", async () => {
  assert.deepEqual((await unused({ "dist/used/a.js": `import("../lazy.js");` })).slice(-2), [
    "dep/lib",
    "dep/test",
  ]);
});

Deno.test("one package is entered by import and by require, each has an entry of its own", async () => {
  const exports = { import: "./lib/one.js", require: "./lib/two.js" };
  const dep = { "package.json": JSON.stringify({ exports }) };
  assert.deepEqual((await unused({}, dep)).slice(-4), [
    "dep/lib/data.json",
    "dep/lib/index.js",
    "dep/lib/two.js",
    "dep/test",
  ]);
  const main = { "dist/b.js": `import "./old.cjs";`, "dist/old.cjs": `require("dep");` };
  assert.deepEqual((await unused(main, dep)).slice(-3), [
    "dep/lib/data.json",
    "dep/lib/index.js",
    "dep/test",
  ]);
});

Deno.test("the package.json that makes a directory CommonJS stays", async () => {
  const main = {
    "dist/b.js": `import "./cjs/index.js";`,
    "dist/cjs/package.json": `{"type": "commonjs"}`,
    "dist/cjs/index.js": `require("./other");`,
    "dist/cjs/other.js": "",
  };
  assert.deepEqual(await unused(main), UNUSED);
});

for (
  const [what, file, text] of [
    ["an import of what is not there", "dist/b.js", `import "./nowhere.js";`],
    ["an import that is computed", "dist/b.js", "await import(`./${name}.js`);"],
    ["a look at where it lies", "dist/b.js", `new URL("x.wasm", import.meta.url);`],
    ["an import by a private name", "dist/b.js", `import "#inner";`],
    ["an import of its own by a longer name", "dist/b.js", `import "@scope/main/extra";`],
    ["a way out of the package", "dist/b.js", `import "../../../dep/2.0.0/lib/two.js";`],
    ["no entry", "package.json", `{"type": "module", "exports": {"./only": "./x.js"}}`],
  ] as const
) {
  Deno.test(`a package stays whole, and what it needs, that has ${what}`, async () => {
    assert.deepEqual(await unused({ [file]: text }), []);
  });
}

for (
  const [what, text] of [
    ["a computed require()", `require("./" + name);`],
    ["require under another name", `const load = require;`],
    ["a look at where it lies", `fs.readFileSync(__dirname + "/data");`],
    ["what is not there", `require("./nowhere");`],
  ] as const
) {
  Deno.test(`a CommonJS package stays whole that has ${what}, the one that needs it does not`, async () => {
    assert.deepEqual(await unused({}, { "lib/one.js": text }), UNUSED.slice(0, 4));
  });
}

Deno.test("a package of which another module than the entry is imported stays whole", async () => {
  const main = { "dist/b.js": `import "dep/lib/two.js";` };
  assert.deepEqual(await unused(main), UNUSED.slice(0, 4));
});
