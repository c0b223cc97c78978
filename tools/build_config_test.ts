import assert from "node:assert/strict";
import { compileConfig } from "./build_config.ts";

Deno.test("what only tests need is not compiled in, all else stays", () => {
  const imports = {
    "@types/node": "npm:@types/node@1",
    "@valibot/to-json-schema": "npm:@valibot/to-json-schema@1",
    "fast-check": "npm:fast-check@1",
    hono: "npm:hono@1",
  };
  const config = compileConfig(JSON.stringify({ imports, nodeModulesDir: "none", tasks: {} }));
  assert.deepEqual(JSON.parse(config), { nodeModulesDir: "none", imports: { hono: "npm:hono@1" } });
});

Deno.test("a package that left deno.json must leave the list too", () => {
  assert.throws(() => compileConfig(`{"imports":{}}`), /does not import/);
});
