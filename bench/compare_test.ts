import assert from "node:assert/strict";
import { shell } from "../tests/e2e/lab.ts";
import { needs } from "../tests/skip.ts";
import { compare } from "./compare.ts";

const MAKE = `
mkdir -p "$1/sent/run-1" "$1/arrived" "$1/work-1" "$1/work-2" "$1/work-3"
printf 12345 > "$1/sent/run-1/a"
tar -C "$1/sent/run-1" -cf - . | zstd -q > "$1/arrived/run-1.tar.zst"
`;

Deno.test({
  ...needs("a round in which another byte, or nothing, arrived does not count", {
    commands: ["zstd"],
  }),
  async fn() {
    const root = await Deno.makeTempDir({ prefix: "cis490-compare-" });
    try {
      await shell(MAKE, root);
      await compare(`${root}/arrived`, `${root}/sent`, `${root}/work-1`);
      await Deno.writeTextFile(`${root}/sent/run-1/a`, "12346");
      await assert.rejects(compare(`${root}/arrived`, `${root}/sent`, `${root}/work-2`), /differ/);
      await Deno.remove(`${root}/arrived/run-1.tar.zst`);
      await assert.rejects(compare(`${root}/arrived`, `${root}/sent`, `${root}/work-3`), /Only in/);
    } finally {
      await Deno.remove(root, { recursive: true });
    }
  },
});
