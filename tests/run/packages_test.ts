import assert from "node:assert/strict";
import { isThere, missing, parsePackages, readPackages } from "./packages.ts";

Deno.test("a line of the list tells commands and files from units", () => {
  const text = "# words\n\ncaddy  caddy,/etc/caddy/Caddyfile,caddy.service  mutual TLS\n";
  assert.deepEqual(parsePackages(text), [
    { name: "caddy", brings: ["caddy", "/etc/caddy/Caddyfile"], units: ["caddy.service"] },
  ]);
  assert.throws(() => parsePackages("# a\ncaddy\n"), /line 2/);
});

Deno.test("the list itself can be read", () => {
  assert.ok(readPackages().length > 0);
});

Deno.test("a package of which a command or a file lacks is missing", () => {
  const packages = parsePackages("a sh,/bin/sh x\nb sh,/no/such/file x\nc no-such-command-490 x\n");
  assert.deepEqual(missing(packages).map(({ name }) => name), ["b", "c"]);
  assert.ok(isThere("sh"));
});
