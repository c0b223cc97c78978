import assert from "node:assert/strict";
import { readElfExtent } from "../tools/elf_extent.ts";
import { needs } from "./skip.ts";

const ROOT = new URL("..", import.meta.url).pathname.replace(/\/$/, "");
const QEMU = "qemu-aarch64-static";
const LIBRARIES = "/usr/aarch64-linux-gnu";

interface Said {
  readonly stdout: string;
  readonly stderr: string;
}

async function run(command: string, args: string[]): Promise<Said> {
  const output = await new Deno.Command(command, { args, cwd: ROOT }).output();
  const decoder = new TextDecoder();
  const said = { stdout: decoder.decode(output.stdout), stderr: decoder.decode(output.stderr) };
  assert.ok(output.success, said.stderr);
  return said;
}

Deno.test("the binary knows its version, commit and target", async () => {
  const { version }: { version: string } = JSON.parse(await Deno.readTextFile(`${ROOT}/deno.json`));
  const { stdout } = await run(`${ROOT}/dist/cis490`, ["--version", "--json"]);
  const info: Record<string, string> = JSON.parse(stdout);
  assert.deepEqual([info.version, info.target, info.deno], [
    version,
    Deno.build.target,
    Deno.version.deno,
  ]);
  assert.match(info.commit ?? "", /^([0-9a-f]{40}(-dirty)?|unknown)$/);
});

Deno.test("little is embedded, since each start reads all of it", async () => {
  const binary = await Deno.readFile(`${ROOT}/dist/cis490`);
  const embedded = binary.length - readElfExtent(binary).sizeBytes;
  // 3.0 MB in 2026; a package that is embedded whole, with its tests or types, is beyond this.
  assert.ok(embedded < 3.6e6, `${embedded} bytes: see tools/build_excludes.ts`);
});

Deno.test("what has not changed is not compiled again", async () => {
  const build = () => run(Deno.execPath(), ["run", "-A", "tools/build.ts"]);
  await build();
  const before = await Deno.stat(`${ROOT}/dist/cis490`);
  const { stderr } = await build();
  assert.match(stderr, /dist\/cis490 is current/);
  assert.deepEqual((await Deno.stat(`${ROOT}/dist/cis490`)).mtime, before.mtime);
});

Deno.test({
  ...needs("the aarch64 binary knows its own target", {
    commands: [QEMU, `${LIBRARIES}/lib/libc.so.6`, `${LIBRARIES}/lib/libgcc_s.so.1`],
  }),
  async fn() {
    const args = ["-L", LIBRARIES, `${ROOT}/dist/cis490-aarch64`, "--version"];
    assert.match((await run(QEMU, args)).stdout, /aarch64-unknown-linux-gnu/);
  },
});
