/** The other architecture gives the same bytes, and its C library is called with its own numbers. */
import assert from "node:assert/strict";
import { ensureDenort } from "../../tools/denort.ts";
import { needs } from "../skip.ts";
import { GOLDEN_DIGEST } from "./golden.ts";
import { run, TestDirectory } from "./tree.ts";

const SYSROOT = "/usr/aarch64-linux-gnu";

Deno.test({
  ...needs("aarch64 packs the golden tree to the golden digest", {
    commands: [
      "qemu-aarch64-static",
      `${SYSROOT}/lib/libc.so.6`,
      `${SYSROOT}/lib/libgcc_s.so.1`,
    ],
  }),
  fn: async () => {
    using directory = new TestDirectory();
    const program = `${directory.path}/pack_golden`;
    const compiled = await new Deno.Command(Deno.execPath(), {
      args: [
        ...["compile", "--quiet", "-A", "--target", "aarch64-unknown-linux-gnu"],
        ...["--output", program, new URL("pack_golden.ts", import.meta.url).pathname],
      ],
      env: {
        DENORT_BIN: await ensureDenort("aarch64", console.error),
        // As in tools/build.ts: on a fresh machine it resolves all packages anew, too deep for the usual 2 MiB.
        RUST_MIN_STACK: `${64 * 1024 * 1024}`,
      },
      stdin: "null",
    }).output();
    assert(compiled.success, new TextDecoder().decode(compiled.stderr));

    const work = `${directory.path}/work`;
    Deno.mkdirSync(work);
    const printed = await run("qemu-aarch64-static", "-L", SYSROOT, program, work);
    assert.deepEqual(JSON.parse(printed), {
      arch: "aarch64",
      episodeDigest: GOLDEN_DIGEST,
      probe: {
        openLink: "link",
        listLink: "not-a-directory",
        listFile: "not-a-directory",
        firstLock: "true",
        secondLock: "false",
        renameOver: "exists",
      },
    });
  },
});
