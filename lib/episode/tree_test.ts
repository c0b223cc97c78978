import assert from "node:assert/strict";
import { exactFs, Libc } from "../sys/mod.ts";
import { readTree, type TreeFs } from "./tree.ts";

const libc = new Libc();
const fs = exactFs(libc);

class Episode implements Disposable {
  readonly path = Deno.makeTempDirSync({ prefix: "cis490-tree-" });
  write(name: string, content = ""): void {
    Deno.writeTextFileSync(`${this.path}/${name}`, content);
  }
  mkdir(name: string): void {
    Deno.mkdirSync(`${this.path}/${name}`);
  }
  [Symbol.dispose](): void {
    Deno.removeSync(this.path, { recursive: true });
  }
}

Deno.test("meta.json is first, then depth first, siblings by their UTF-8 bytes", () => {
  using episode = new Episode();
  for (const name of ["a", "n", "z"]) episode.mkdir(name);
  for (const name of ["\u{10000}", "\uffff", "a.txt", "meta.json", "A", "n/meta.json", "n/b"]) {
    episode.write(name);
  }
  Deno.symlinkSync("../a", `${episode.path}/z/link`);
  const tree = readTree(fs, episode.path);
  assert.deepEqual(tree.entries.map(({ path, type }) => `${type} ${path}`), [
    "file meta.json",
    "file A",
    "directory a",
    "file a.txt",
    "directory n",
    "file n/b",
    "file n/meta.json",
    "directory z",
    "symlink z/link",
    "file \uffff",
    "file \u{10000}",
  ]);
  assert.deepEqual(tree.unfit, []);
});

Deno.test("sizes are summed over files, and the newest ctime is found", () => {
  using episode = new Episode();
  episode.mkdir("d");
  episode.write("d/a", "123");
  episode.write("b", "4567");
  const tree = readTree(fs, episode.path);
  assert.equal(tree.sizeBytes, 7);
  const ctimes = tree.entries.map(({ stat }) => stat.ctimeNs);
  assert(ctimes.every((ctime) => ctime <= tree.newestCtimeNs));
  assert(tree.newestCtimeNs <= BigInt(Date.now() + 1000) * 1_000_000n);
});

Deno.test("what can't be kept is told with its path and why, and the rest is still seen", () => {
  using episode = new Episode();
  episode.write("meta.json");
  episode.mkdir("d");
  new Deno.Command("mkfifo", { args: [`${episode.path}/d/pipe`] }).outputSync();
  Deno.symlinkSync("../../out", `${episode.path}/d/link`);
  Deno.symlinkSync("/abs", `${episode.path}/abs`);
  new Deno.Command("sh", { args: ["-c", `touch "$0/d/$(printf 'x\\376')"`, episode.path] })
    .outputSync();
  const tree = readTree(fs, episode.path);
  assert.deepEqual(tree.unfit, [
    { path: "abs", why: "is an absolute link (to /abs)" },
    { path: "d/x\\xfe", why: "has a name that is not UTF-8" },
    {
      path: "d/link",
      why:
        "is a link that may leave the episode: too many .. parts, or one behind a name (to ../../out)",
    },
    { path: "d/pipe", why: "is a fifo" },
  ]);
  assert.deepEqual(tree.entries.map(({ path }) => path), ["meta.json", "d"]);
});

Deno.test("the signature is the same at two looks, and after a rename of the episode", () => {
  using outer = new Episode();
  outer.mkdir("1");
  outer.write("1/meta.json", "{}");
  const before = readTree(fs, `${outer.path}/1`).signature;
  assert.equal(readTree(fs, `${outer.path}/1`).signature, before);
  Deno.renameSync(`${outer.path}/1`, `${outer.path}/2`);
  assert.equal(readTree(fs, `${outer.path}/2`).signature, before);
});

Deno.test("every change that lstat tells of changes the signature", async (t) => {
  const changes: Record<string, (path: string) => void> = {
    "a byte more": (path) => Deno.writeTextFileSync(`${path}/d/a`, "x", { append: true }),
    "another time": (path) => libc.setMtime(`${path}/d/a`, 1n),
    "another mode": (path) => Deno.chmodSync(`${path}/d/a`, 0o600),
    "another name": (path) => Deno.renameSync(`${path}/d/a`, `${path}/d/b`),
    "another inode": (path) => {
      Deno.copyFileSync(`${path}/d/a`, `${path}/new`);
      Deno.renameSync(`${path}/new`, `${path}/d/a`);
    },
    "one more entry": (path) => Deno.mkdirSync(`${path}/d/e`),
    "one less": (path) => Deno.removeSync(`${path}/d/a`),
    "one more that can't be kept": (path) => Deno.symlinkSync("/", `${path}/d/link`),
    "the mode of the root": (path) => Deno.chmodSync(path, 0o711),
  };
  for (const [name, change] of Object.entries(changes)) {
    await t.step(name, () => {
      using episode = new Episode();
      episode.mkdir("d");
      episode.write("d/a", "content");
      const before = readTree(fs, episode.path).signature;
      change(episode.path);
      assert.notEqual(readTree(fs, episode.path).signature, before);
    });
  }
});

Deno.test("a root that is missing, a file or a link is an FsError", () => {
  using outer = new Episode();
  outer.write("file");
  outer.mkdir("real");
  Deno.symlinkSync("real", `${outer.path}/link`);
  assert.throws(() => readTree(fs, `${outer.path}/none`), { name: "FsError", code: "gone" });
  assert.throws(() => readTree(fs, `${outer.path}/file`), { code: "not-a-directory" });
  assert.throws(() => readTree(fs, `${outer.path}/link`), { code: "not-a-directory" });
});

Deno.test("an entry that vanishes between listing and looking is gone", () => {
  using episode = new Episode();
  episode.write("a");
  const racing: TreeFs = {
    ...fs,
    list(path) {
      const names = fs.list(path);
      Deno.removeSync(`${path}/a`);
      return names;
    },
  };
  assert.throws(() => readTree(racing, episode.path), { name: "FsError", code: "gone" });
});

Deno.test("what lies deeper than a path may be long is unfit, not an error", () => {
  using episode = new Episode();
  const name = "d".repeat(250);
  // Made level by level from inside, for no path reaches that far.
  const script = `cd "$0" && for i in $(seq 17); do mkdir ${name} && cd -P ./${name} || exit; done`;
  const made = new Deno.Command("bash", { args: ["-c", script, episode.path] }).outputSync();
  assert(made.success, new TextDecoder().decode(made.stderr));
  const tree = readTree(fs, episode.path);
  assert.equal(tree.unfit.length, 1);
  assert.match(tree.unfit[0]?.why ?? "", /lies too deep/);
  new Deno.Command("rm", { args: ["-rf", `${episode.path}/${name}`] }).outputSync();
});
