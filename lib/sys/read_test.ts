import assert from "node:assert/strict";
import { exactFs, isFsError, Libc, plainFs, readSmallFile } from "./mod.ts";

async function withDirectory(run: (directory: string) => Promise<void>): Promise<void> {
  const directory = await Deno.makeTempDir({ prefix: "cis490-read-" });
  try {
    await run(directory);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

// Open for the whole process, as in the program.
const libc = new Libc();

Deno.test("readAt reads anywhere, and does not move what read reads next", async () => {
  await withDirectory(async (directory) => {
    const path = `${directory}/f`;
    await Deno.writeFile(path, Uint8Array.from({ length: 100 }, (_, at) => at));
    for (const fs of [plainFs(), exactFs(libc)]) {
      const file = fs.openRead(path);
      const into = new Uint8Array(10);
      assert.equal(file.readAt(into, 50), 10);
      assert.deepEqual([into[0], into[9]], [50, 59]);
      assert.equal(file.read(into), 10);
      assert.deepEqual([into[0], into[9]], [0, 9]);
      assert.equal(file.readAt(into, 95), 5, "as far as the file goes");
      assert.equal(file.readAt(into, 100), 0);
      assert.equal(file.readAt(into, 2 ** 40), 0);
      file.close();
    }
  });
});

Deno.test("readSmallFile follows links, and never waits for a FIFO or swallows a large file", async () => {
  await withDirectory(async (directory) => {
    await Deno.writeTextFile(`${directory}/f`, "text");
    await Deno.symlink("f", `${directory}/link`);
    const fifo = `${directory}/fifo`;
    assert.ok((await new Deno.Command("mkfifo", { args: [fifo] }).output()).success);
    assert.equal(new TextDecoder().decode(readSmallFile(`${directory}/link`, 4)), "text");
    const refused: [string, string][] = [
      [`${directory}/none`, "ENOENT"],
      [fifo, "EINVAL"],
      [directory, "EINVAL"],
      [`${directory}/f`, "EFBIG"],
    ];
    for (const [path, errno] of refused) {
      assert.throws(
        () => readSmallFile(path, 3),
        (error) => isFsError(error) && error.errno === errno,
        path,
      );
    }
  });
});
