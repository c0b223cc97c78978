import assert from "node:assert/strict";
import { debianVersion, renderChangelog, renderCopyright } from "./control.ts";

const SOURCE = {
  version: "1.2.3",
  commit: "0a1b2c3d".repeat(5),
  epoch: Date.UTC(2026, 0, 31, 23, 59, 58) / 1000,
  tagged: false,
  dirty: false,
};

/** As dpkg orders versions. */
async function isBefore(first: string, second: string): Promise<boolean> {
  const { success } = await new Deno.Command("dpkg", {
    args: ["--compare-versions", first, "lt", second],
  }).output();
  return success;
}

Deno.test("a commit's version comes after its release, after older commits, and before the next release", async () => {
  const commit = debianVersion(SOURCE);
  assert.equal(commit, "1.2.3+git20260131.235958.0a1b2c3");
  assert.equal(debianVersion({ ...SOURCE, tagged: true }), "1.2.3");
  assert.ok(await isBefore("1.2.3", commit));
  assert.ok(await isBefore(debianVersion({ ...SOURCE, epoch: SOURCE.epoch - 1 }), commit));
  assert.ok(await isBefore(commit, "1.2.4"));
  assert.ok(!await isBefore(commit, "1.2.3"));
  assert.ok(await isBefore(commit, debianVersion({ ...SOURCE, tagged: true, dirty: true })));
});

Deno.test("the changelog's date is the commit's, in RFC 5322's words", () => {
  assert.match(renderChangelog(SOURCE), / {2}Sat, 31 Jan 2026 23:59:58 \+0000\n$/);
});

Deno.test("empty lines of the licence are dots in the copyright file", async () => {
  const license = await Deno.readTextFile(new URL("../../LICENSE", import.meta.url));
  const copyright = renderCopyright(license);
  assert.match(copyright, /^ Permission is hereby granted/m);
  assert.match(copyright, /^ \.\n The above copyright notice/m);
});
