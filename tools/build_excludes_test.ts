import assert from "node:assert/strict";
import { findUnused } from "./build_excludes.ts";

const FILES: Readonly<Record<string, string>> = {
  "package.json": JSON.stringify({
    type: "module",
    exports: {
      ".": { import: { types: "./dist/types/index.d.ts", default: "./dist/index.js" } },
      "./extra": "./dist/extra/index.js",
    },
  }),
  "README.md": "",
  "dist/index.js": `import { a } from "./used/a.js";\nexport * from './b.js';`,
  "dist/used/a.js": `const b = () => import("../lazy.js");\nimport x from "elsewhere";`,
  "dist/used/not.js": "",
  "dist/b.js": "",
  "dist/lazy.js": "",
  "dist/extra/index.js": "",
  "dist/types/index.d.ts": `export * from "../b.js";`,
};

Deno.test("of a package, what its entry does not lead to is left out", async () => {
  const cache = await Deno.makeTempDir({ prefix: "cis490-npm-" });
  const root = `${cache}/registry.example/@scope/name/1.2.3`;
  try {
    for (const [path, text] of Object.entries(FILES)) {
      const file = `${root}/${path}`;
      await Deno.mkdir(file.slice(0, file.lastIndexOf("/")), { recursive: true });
      await Deno.writeTextFile(file, text);
    }
    const imports = { name: "npm:@scope/name@1.2.3", absent: "npm:absent@1.0.0" };
    assert.deepEqual(
      findUnused(imports, cache).map((path) => path.slice(root.length + 1)),
      ["README.md", "dist/extra", "dist/types", "dist/used/not.js"],
    );
    for (
      const [what, file, text] of [
        ["an import of what is not there", "dist/b.js", `import "./nowhere.js";`],
        ["CommonJS", "package.json", `{"main": "./dist/index.js"}`],
        ["no entry", "package.json", `{"type": "module", "exports": {"./only": "./x.js"}}`],
      ] as const
    ) {
      await Deno.writeTextFile(`${root}/${file}`, text);
      assert.deepEqual(findUnused(imports, cache), [], `${what}: the package stays whole`);
    }
  } finally {
    await Deno.remove(cache, { recursive: true });
  }
});
