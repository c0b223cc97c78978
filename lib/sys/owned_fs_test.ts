import assert from "node:assert/strict";
import { FsError } from "./fs.ts";
import { exactFs } from "./fs_exact.ts";
import { Libc } from "./libc.ts";
import { ownedFs } from "./owned_fs.ts";

const real = exactFs(new Libc());
const NOBODY = { uid: 65_534, gid: 65_534 };

async function withFolder(test: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await test(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test({
  name: "what root makes belongs to the owner, before a byte is in it",
  ignore: Deno.uid() !== 0,
  fn: () =>
    withFolder(async (folder) => {
      const fs = ownedFs(real, NOBODY);
      await fs.mkdir(`${folder}/d`);
      const file = await fs.create(`${folder}/f`);
      for (const name of ["d", "f"]) {
        const { uid, gid } = fs.lstat(`${folder}/${name}`);
        assert.deepEqual({ uid, gid }, NOBODY, name);
      }
      file.close();
    }),
});

Deno.test("a file that can't be given away does not stay", () =>
  withFolder(async (folder) => {
    const chown = () => Promise.reject(new FsError("chown", folder, "EPERM"));
    const fs = ownedFs({ ...real, chown }, NOBODY);
    await assert.rejects(fs.create(`${folder}/f`), /EPERM/);
    assert.deepEqual([...Deno.readDirSync(folder)], []);
  }));
