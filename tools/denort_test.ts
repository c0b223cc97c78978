import assert from "node:assert/strict";

const TOOL = new URL("denort.ts", import.meta.url).pathname;

/** Runs the tool without a network, with a python3 of ours and an empty cache. */
async function denort(python: string, arch: string, env: Record<string, string> = {}) {
  const dir = await Deno.makeTempDir();
  try {
    await Deno.writeTextFile(`${dir}/python3`, `#!/bin/sh\n${python}\n`);
    await Deno.chmod(`${dir}/python3`, 0o755);
    const flags = ["--no-prompt", "--allow-read", "--allow-write", "--allow-env", "--allow-run"];
    const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "--quiet", ...flags, TOOL, arch],
      env: { PATH: `${dir}:/usr/bin:/bin`, CIS490_CACHE: `${dir}/cache`, DENORT_BIN: "", ...env },
    }).output();
    const decoder = new TextDecoder();
    const left = await Array.fromAsync(Deno.readDir(`${dir}/cache/denort-2.6.10/${arch}`))
      .catch(() => []);
    return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr), left };
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

const FAKE_DOWNLOAD = `while [ "$1" != --dest ]; do shift; done; mkdir -p "$2"; echo x >"$2/x.whl"`;

Deno.test("a package that has not the pinned sha256 is not used, and nothing is kept", async () => {
  const { code, stdout, stderr, left } = await denort(FAKE_DOWNLOAD, "aarch64");
  assert.deepEqual([code, stdout, left], [1, "", []]);
  assert.match(stderr, /denort: x\.whl has not the pinned sha256/);
});

Deno.test("without pip or an index the tool says what to look at", async () => {
  const { code, stderr } = await denort("exit 1", "x86_64");
  assert.equal(code, 1);
  assert.match(stderr, /pip download failed; .*apt-get install python3-pip/);
});

Deno.test("a denort given by DENORT_BIN is used for its own architecture alone", async () => {
  const given = Deno.execPath();
  const own = await denort("exit 1", Deno.build.arch, { DENORT_BIN: given });
  assert.equal(own.stdout, `${given}\n`, own.stderr);
  const other = Deno.build.arch === "x86_64" ? "aarch64" : "x86_64";
  const foreign = await denort("exit 1", other, { DENORT_BIN: given });
  assert.equal(foreign.code, 1);
  assert.match(foreign.stderr, /DENORT_BIN=.* is not for (aarch64|x86_64): not used/);
});

Deno.test("an architecture that nothing is pinned for is told in words", async () => {
  const { code, stderr } = await denort("exit 1", "riscv64");
  assert.equal(code, 2);
  assert.match(stderr, /no denort is pinned for riscv64/);
});
