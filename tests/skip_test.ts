import assert from "node:assert/strict";

const SKIP = new URL("skip.ts", import.meta.url);

/** What `deno test` makes of a test with these needs. */
async function outcome(needs: string, ci: boolean): Promise<{ code: number; text: string }> {
  const dir = await Deno.makeTempDir();
  try {
    const source = `import { needs } from "${SKIP}";
Deno.test({ ...needs("flies", ${needs}), fn() { console.log("it ran"); } });
Deno.test("another", () => {});\n`;
    await Deno.writeTextFile(`${dir}/made_up_test.ts`, source);
    const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["test", "-A", "--no-check", "--no-config", dir],
      env: { CI: `${ci}`, NO_COLOR: "1" },
    }).output();
    const decoder = new TextDecoder();
    return { code, text: decoder.decode(stdout) + decoder.decode(stderr) };
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

Deno.test("a test whose needs are met runs", async () => {
  const { code, text } = await outcome(`{ commands: ["sh", "/bin/sh"] }`, true);
  assert.equal(code, 0, text);
  assert.match(text, /it ran/);
});

Deno.test("a test that lacks a package is skipped with its name, and fails in CI", async () => {
  const lacking = `{ commands: ["sh", "no-such-command-490"] }`;
  const skipped = await outcome(lacking, false);
  assert.equal(skipped.code, 0, skipped.text);
  assert.match(skipped.text, /^skip: flies: needs no-such-command-490$/m);
  assert.match(skipped.text, /flies: needs no-such-command-490 \.\.\. ignored/);
  const failed = await outcome(lacking, true);
  assert.equal(failed.code, 1);
  assert.match(failed.text, /Error: flies: needs no-such-command-490/);
});

Deno.test("a test that lacks a kernel feature is skipped even in CI", async () => {
  const lacking = `{ kernel: { feature: "flying", present: () => false } }`;
  const { code, text } = await outcome(lacking, true);
  assert.equal(code, 0, text);
  assert.match(text, /skip: flies: needs flying, which this kernel lacks/);
});
