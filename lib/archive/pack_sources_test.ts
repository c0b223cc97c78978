import assert from "node:assert/strict";
import { createServer } from "node:net";
import { makeTree, realFs, run, TestDirectory } from "../../tests/archive/tree.ts";
import { ArchiveError, type PackCode } from "./error.ts";
import { pack, type PackFs } from "./pack.ts";

async function assertRefused(
  directory: string,
  code: PackCode,
  words: RegExp,
  fs: PackFs = realFs,
): Promise<void> {
  const job = {
    episodePath: `${directory}/episode`,
    partialPath: `${directory}/partial`,
    level: 3,
  };
  await assert.rejects(pack(fs, job), (error) => {
    assert(error instanceof ArchiveError, `${error}`);
    assert.equal(error.code, code);
    assert.match(error.message, words);
    return true;
  });
  assert.throws(() => realFs.lstat(job.partialPath), { code: "gone" });
}

const isRoot = Deno.uid() === 0;

Deno.test("what format 1 can't keep is refused by name, and nothing hangs", async (t) => {
  const cases: {
    name: string;
    make: (episode: string) => unknown;
    words: RegExp;
    needsRoot?: boolean;
  }[] = [
    { name: "FIFO", make: (at) => run("mkfifo", `${at}/pipe`), words: /^pipe is a fifo$/ },
    {
      name: "character device",
      make: (at) => run("mknod", `${at}/null`, "c", "1", "3"),
      words: /^null is a character-device$/,
      needsRoot: true,
    },
    {
      name: "block device",
      make: (at) => run("mknod", `${at}/loop`, "b", "7", "200"),
      words: /^loop is a block-device$/,
      needsRoot: true,
    },
    {
      name: "absolute link",
      make: (at) => Deno.symlinkSync("/etc/passwd", `${at}/link`),
      words: /^link is an absolute link \(to \/etc\/passwd\)$/,
    },
    {
      name: "link out of the episode",
      make: (at) => Deno.symlinkSync("../other", `${at}/link`),
      words: /^link is a link that may leave the episode: .* \(to \.\.\/other\)$/,
    },
    {
      name: "name that is not UTF-8",
      make: (at) => run("sh", "-c", `touch "$0/$(printf 'bad\\377name')"`, at),
      words: /^bad.+xffname has a name that is not UTF-8$/,
    },
    {
      name: "link to a name that is not UTF-8",
      make: (at) => run("sh", "-c", `ln -s "$(printf '\\377')" "$0/link"`, at),
      words: /^link is a link whose target is not UTF-8$/,
    },
    {
      name: "several",
      make: (at) => run("mkfifo", `${at}/a`, `${at}/b`, `${at}/c`),
      words: /^a is a fifo, and 2 more can't be kept either$/,
    },
  ];
  for (const { name, make, words, needsRoot } of cases) {
    await t.step({
      name: needsRoot === true ? `${name} (as root)` : name,
      ignore: needsRoot === true && !isRoot,
      fn: async () => {
        using directory = new TestDirectory();
        makeTree(`${directory.path}/episode`, []);
        await make(`${directory.path}/episode`);
        await assertRefused(directory.path, "unfit", words);
      },
    });
  }
});

Deno.test("a socket is refused by name", async () => {
  using directory = new TestDirectory();
  makeTree(`${directory.path}/episode`, []);
  const server = createServer();
  await new Promise<void>((done) => server.listen(`${directory.path}/episode/control`, done));
  await assertRefused(directory.path, "unfit", /^control is a socket$/);
  await new Promise((done) => server.close(done));
});

/** The real file system, in which `act` happens once: just before a file is opened, or after its first read. */
function interfering(when: "open" | "read", name: string, act: () => void): PackFs {
  let isDone = false;
  const once = () => {
    if (isDone) return;
    isDone = true;
    act();
  };
  return {
    ...realFs,
    openRead(path) {
      const isIt = path.endsWith(name);
      if (isIt && when === "open") once();
      const file = realFs.openRead(path);
      return {
        ...file,
        read(into) {
          const got = file.read(isIt ? into.subarray(0, 1000) : into);
          if (isIt && when === "read") once();
          return got;
        },
      };
    },
  };
}

Deno.test("an episode that changes while it is packed is told from one that is whole", async (t) => {
  const cases: {
    name: string;
    when: "open" | "read";
    act: (file: string, episode: string) => void;
    code: PackCode;
  }[] = [
    {
      name: "grows",
      when: "read",
      act: (file) => Deno.writeTextFileSync(file, "more", { append: true }),
      code: "changed",
    },
    {
      name: "shrinks",
      when: "read",
      act: (file) => Deno.truncateSync(file, 1500),
      code: "changed",
    },
    {
      name: "is rewritten in the same length",
      when: "read",
      act: (file) => {
        using handle = Deno.openSync(file, { write: true });
        handle.writeSync(new Uint8Array(8));
      },
      code: "changed",
    },
    { name: "vanishes", when: "read", act: (file) => Deno.removeSync(file), code: "changed" },
    {
      name: "vanishes before it is opened",
      when: "open",
      act: (file) => Deno.removeSync(file),
      code: "changed",
    },
    {
      name: "is replaced by another file",
      when: "open",
      act: (file) => {
        Deno.writeFileSync(`${file}.new`, new Uint8Array(5000));
        Deno.renameSync(`${file}.new`, file);
      },
      code: "changed",
    },
    {
      name: "is replaced by a link",
      when: "open",
      act: (file) => {
        Deno.removeSync(file);
        Deno.symlinkSync("/etc/passwd", file);
      },
      code: "changed",
    },
    {
      name: "is replaced by a FIFO",
      when: "open",
      act: (file) => {
        Deno.removeSync(file);
        new Deno.Command("mkfifo", { args: [file] }).outputSync();
      },
      code: "changed",
    },
    {
      name: "gets a sibling",
      when: "read",
      act: (file) => Deno.writeTextFileSync(`${file}.late`, ""),
      code: "changed",
    },
    {
      name: "gets a sibling that can't be kept",
      when: "read",
      act: (file) => Deno.symlinkSync("/", `${file}.late`),
      code: "changed",
    },
    {
      name: "gets another mode",
      when: "read",
      act: (f) => Deno.chmodSync(f, 0o600),
      code: "changed",
    },
    {
      name: "goes with its episode",
      when: "read",
      act: (_, episode) => Deno.removeSync(episode, { recursive: true }),
      code: "gone",
    },
    {
      name: "goes with its episode before it is opened",
      when: "open",
      act: (_, episode) => Deno.renameSync(episode, `${episode}.moved`),
      code: "gone",
    },
  ];
  for (const { name, when, act, code } of cases) {
    await t.step(name, async () => {
      using directory = new TestDirectory();
      const episode = `${directory.path}/episode`;
      makeTree(episode, [{ path: "data", type: "file", content: new Uint8Array(5000) }]);
      const fs = interfering(when, "/data", () => act(`${episode}/data`, episode));
      const words = code === "gone" ? /the episode is gone/ : /changed while/;
      await assertRefused(directory.path, code, words, fs);
    });
  }
});

Deno.test("nothing is read of a file that took another's place", async () => {
  using directory = new TestDirectory();
  const file = `${directory.path}/episode/data`;
  makeTree(`${directory.path}/episode`, [{ path: "data", type: "file", content: "mine" }]);
  const replacing = interfering("open", "/data", () => {
    Deno.writeTextFileSync(`${file}.new`, "another's");
    Deno.renameSync(`${file}.new`, file);
  });
  const fs: PackFs = {
    ...replacing,
    openRead(path) {
      const handle = replacing.openRead(path);
      if (path !== file) return handle;
      return { ...handle, read: () => assert.fail("it was read") };
    },
  };
  await assertRefused(directory.path, "changed", /^data changed while/, fs);
});

Deno.test("a directory that vanishes between listing and looking is a change, not an error", async () => {
  using directory = new TestDirectory();
  const episode = `${directory.path}/episode`;
  makeTree(episode, [{ path: "sub", type: "directory" }]);
  const fs: PackFs = {
    ...realFs,
    list(path) {
      if (path.endsWith("/sub")) Deno.removeSync(path);
      return realFs.list(path);
    },
  };
  await assertRefused(directory.path, "changed", /^sub changed while/, fs);
});

Deno.test("an episode that is not there is gone", async () => {
  using directory = new TestDirectory();
  await assertRefused(directory.path, "gone", /the episode is gone/);
});

Deno.test("a full disk ends the pack with its FsError and leaves no partial", async () => {
  using directory = new TestDirectory();
  makeTree(`${directory.path}/episode`, []);
  const job = {
    episodePath: `${directory.path}/episode`,
    partialPath: `${directory.path}/partial`,
    level: 3,
  };
  const fs: PackFs = {
    ...realFs,
    create: async (path, mode) => {
      // /dev/full answers every write with ENOSPC, null(4).
      const full = await realFs.openWrite("/dev/full");
      const file = await realFs.create(path, mode);
      return {
        ...file,
        write: (bytes) => full.write(bytes),
        sync: () => file.sync(),
        close() {
          full.close();
          file.close();
        },
      };
    },
  };
  await assert.rejects(pack(fs, job), { name: "FsError", code: "full" });
  assert.throws(() => realFs.lstat(job.partialPath), { code: "gone" });
});
