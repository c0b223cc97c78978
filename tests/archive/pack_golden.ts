/**
 * A program for aarch64_test.ts: makes the golden tree in the directory it is given, packs it there, and prints as JSON
 * what it saw through the C library.
 */
import { pack } from "../../lib/archive/mod.ts";
import { Libc } from "../../lib/sys/mod.ts";
import { makeGoldenTree } from "./golden.ts";
import { realFs } from "./tree.ts";

/** What the calls with numbers of their own on aarch64 did: see lib/sys/libc.ts. */
function probe(directory: string): Record<string, string> {
  const libc = new Libc();
  Deno.symlinkSync("episode", `${directory}/link`);
  Deno.mkdirSync(`${directory}/taken`);
  const lock = libc.openLock(`${directory}/lock`);
  const other = libc.openLock(`${directory}/lock`);
  const outcome = (act: () => unknown) => {
    try {
      return `${act()}`;
    } catch (error) {
      return error instanceof Error && "code" in error ? `${error.code}` : `${error}`;
    }
  };
  return {
    openLink: outcome(() => libc.openRead(`${directory}/link`)),
    listLink: outcome(() => libc.list(`${directory}/link`)),
    listFile: outcome(() => libc.list(`${directory}/lock`)),
    firstLock: outcome(() => libc.tryLock(lock, "lock")),
    secondLock: outcome(() => libc.tryLock(other, "lock")),
    renameOver: outcome(() => libc.renameNoReplace(`${directory}/lock`, `${directory}/taken`)),
  };
}

const [directory = "."] = Deno.args;
makeGoldenTree(`${directory}/episode`);
const packed = await pack(realFs, {
  episodePath: `${directory}/episode`,
  partialPath: `${directory}/x.tar.zst`,
  level: 3,
});
console.log(JSON.stringify({
  arch: Deno.build.arch,
  episodeDigest: packed.episodeDigest,
  probe: probe(directory),
}));
