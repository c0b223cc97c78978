import assert from "node:assert/strict";
import { digestInputs } from "./build_stamp.ts";

Deno.test("a changed, added or renamed source gives another stamp; a changed test does not", async () => {
  const root = await Deno.makeTempDir();
  try {
    const seen = new Set<string>();
    const differs = async (facts: string[] = []) => {
      const before = seen.size;
      seen.add(await digestInputs(root, facts));
      return seen.size > before;
    };
    await Deno.mkdir(`${root}/lib/sys`, { recursive: true });
    await Deno.writeTextFile(`${root}/main.ts`, "1");
    assert.ok(await differs());
    assert.ok(!await differs());
    await Deno.writeTextFile(`${root}/lib/sys/fs.ts`, "1");
    assert.ok(await differs());
    await Deno.writeTextFile(`${root}/lib/sys/fs.ts`, "2");
    assert.ok(await differs());
    await Deno.rename(`${root}/lib/sys/fs.ts`, `${root}/lib/sys/fs2.ts`);
    assert.ok(await differs());
    await Deno.writeTextFile(`${root}/lib/sys/fs_test.ts`, "1");
    await Deno.writeTextFile(`${root}/README.md`, "1");
    assert.ok(!await differs());
    assert.ok(await differs(["another commit"]));
  } finally {
    await Deno.remove(root, { recursive: true });
  }
});
