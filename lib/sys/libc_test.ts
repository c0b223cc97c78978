import assert from "node:assert/strict";
import { FsError } from "./fs.ts";
import { Libc } from "./libc.ts";

const libc = new Libc();

class Directory implements Disposable {
  readonly path = Deno.makeTempDirSync({ prefix: "cis490-libc-" });
  at(name: string): string {
    return `${this.path}/${name}`;
  }
  /** Runs a shell script in it, and returns what it printed. */
  shell(script: string): string {
    const output = new Deno.Command("sh", { args: ["-c", script], cwd: this.path }).outputSync();
    assert(output.success, new TextDecoder().decode(output.stderr));
    return new TextDecoder().decode(output.stdout).trim();
  }
  [Symbol.dispose](): void {
    Deno.removeSync(this.path, { recursive: true });
  }
}

function code(act: () => unknown): string | undefined {
  try {
    act();
  } catch (error) {
    if (error instanceof FsError) return error.code;
    throw error;
  }
  return undefined;
}

Deno.test("lstat tells what stat(1) tells, to the nanosecond", () => {
  using directory = new Directory();
  directory.shell("printf 12345 > f; chmod 6751 f; ln -s f l; mkdir d; mkfifo p");
  for (const [name, type] of [["f", "file"], ["l", "symlink"], ["d", "directory"], ["p", "fifo"]]) {
    const stat = libc.lstat(directory.at(name ?? ""));
    const [mode, size, inode, uid, gid] = directory.shell(`stat -c '%a %s %i %u %g' ${name}`)
      .split(" ");
    const [mtime = "", ctime = ""] = directory.shell(`stat -c '%.9Y %.9Z' ${name}`).split(" ");
    assert.equal(stat.type, type);
    assert.equal(stat.mode.toString(8), mode);
    assert.equal(stat.sizeBytes, Number(size));
    assert.equal(stat.inode, BigInt(inode ?? ""));
    assert.equal(stat.uid, Number(uid));
    assert.equal(stat.gid, Number(gid));
    assert.equal(stat.mtimeNs, BigInt(mtime.replace(".", "")));
    assert.equal(stat.ctimeNs, BigInt(ctime.replace(".", "")));
  }
  assert.equal(libc.lstat("/dev/null").type, "character-device");
});

Deno.test("devices are told apart", () => {
  using directory = new Directory();
  directory.shell("touch f");
  assert.equal(libc.lstat(directory.at("f")).device, libc.lstat(directory.path).device);
  assert.notEqual(libc.lstat("/proc/self").device, libc.lstat(directory.path).device);
});

Deno.test("times are set as they are told, before 1970 and of a link itself", () => {
  using directory = new Directory();
  directory.shell("touch f; ln -s f l");
  for (const mtimeNs of [0n, 1n, 1_700_000_000_123_456_789n, -1n, -1_250_000_000n, -(10n ** 9n)]) {
    libc.setMtime(directory.at("f"), mtimeNs);
    assert.equal(libc.lstat(directory.at("f")).mtimeNs, mtimeNs);
  }
  libc.setMtime(directory.at("l"), 5n);
  assert.equal(libc.lstat(directory.at("l")).mtimeNs, 5n);
  assert.equal(libc.lstat(directory.at("f")).mtimeNs, -(10n ** 9n));
});

Deno.test("a listing has every name, as bytes where they are not UTF-8", () => {
  using directory = new Directory();
  directory.shell(`touch a .b ... 'new
line' ü "$(printf 'x\\377')" "$(printf '\\357\\273\\277bom')"; mkdir sub`);
  const entries = libc.list(directory.path);
  const names = entries.flatMap((entry) => entry.name ?? []).sort();
  assert.deepEqual(names, ["...", ".b", "a", "new\nline", "sub", "ü", "\ufeffbom"]);
  const odd = entries.flatMap((entry) => entry.name === undefined ? [[...entry.bytes]] : []);
  assert.deepEqual(odd, [[0x78, 0xff]]);
});

Deno.test("a directory that takes many reads is listed whole", () => {
  using directory = new Directory();
  directory.shell("for i in $(seq 5000); do echo long-name-of-a-file-$i; done | xargs touch");
  const names = new Set(libc.list(directory.path).map(({ name }) => name));
  assert.equal(names.size, 5000);
});

Deno.test("no link is followed, and no FIFO waited for", () => {
  using directory = new Directory();
  directory.shell("echo content > f; ln -s f l; mkdir d; ln -s d dl; mkfifo p");
  assert.equal(code(() => libc.openRead(directory.at("l"))), "link");
  assert.equal(code(() => libc.openLock(directory.at("l"))), "link");
  assert.equal(code(() => libc.list(directory.at("dl"))), "not-a-directory");
  assert.equal(code(() => libc.list(directory.at("f"))), "not-a-directory");
  const fifo = libc.openRead(directory.at("p"));
  assert.equal(libc.fstat(fifo, "p").type, "fifo");
  libc.close(fifo);
  assert.equal(new TextDecoder().decode(libc.readLink(directory.at("l"))), "f");
});

Deno.test("an open file is read to its end, and known by fstat after its name is gone", () => {
  using directory = new Directory();
  directory.shell("printf 0123456789 > f");
  const before = libc.lstat(directory.at("f"));
  const fd = libc.openRead(directory.at("f"));
  Deno.removeSync(directory.at("f"));
  assert.equal(libc.fstat(fd, "f").inode, before.inode);
  const into = new Uint8Array(8);
  const decoder = new TextDecoder();
  assert.equal(decoder.decode(into.subarray(0, libc.read(fd, into, "f"))), "01234567");
  assert.equal(decoder.decode(into.subarray(2, 2 + libc.read(fd, into.subarray(2), "f"))), "89");
  assert.equal(libc.read(fd, into, "f"), 0);
  libc.close(fd);
  assert.throws(() => libc.fstat(fd, "f"), FsError);
});

Deno.test("one lock at a time, free again when its file is closed", () => {
  using directory = new Directory();
  const [one, two] = [libc.openLock(directory.at("x")), libc.openLock(directory.at("x"))];
  assert.equal(libc.tryLock(one, "x"), true);
  assert.equal(libc.tryLock(two, "x"), false);
  libc.close(one);
  assert.equal(libc.tryLock(two, "x"), true);
  libc.close(two);
});

Deno.test("a rename never replaces, not even an empty directory", () => {
  using directory = new Directory();
  directory.shell("mkdir a b; touch f g");
  const rename = (from: string, to: string) => () =>
    libc.renameNoReplace(directory.at(from), directory.at(to));
  assert.equal(code(rename("a", "b")), "exists");
  assert.equal(code(rename("f", "g")), "exists");
  assert.equal(code(rename("none", "c")), "gone");
  rename("a", "c")();
  assert.equal(directory.shell("ls"), "b\nc\nf\ng");
});

Deno.test("errors carry call, path and errno; a NUL in a path is refused", () => {
  assert.throws(() => libc.lstat("/none/at/all"), {
    name: "FsError",
    operation: "statx",
    subject: "/none/at/all",
    errno: "ENOENT",
    code: "gone",
  });
  assert.equal(code(() => libc.lstat(`/${"x".repeat(300)}`)), "name-too-long");
  assert.equal(code(() => libc.openRead("/etc/passwd\0.txt")), "other");
});

Deno.test("a file system is synced by any directory on it, and what was closed can't be", () => {
  const fd = libc.openDirectory("/tmp");
  libc.syncFileSystem(fd, "/tmp");
  libc.close(fd);
  assert.throws(() => libc.syncFileSystem(fd, "/tmp"), { operation: "syncfs", subject: "/tmp" });
  assert.throws(() => libc.openDirectory("/tmp/nothing-here"), { errno: "ENOENT" });
});
