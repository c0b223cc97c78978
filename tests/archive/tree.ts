/** Episode trees for tests: made by plan, told apart to the nanosecond, restored by other programs. */
import { createHash } from "node:crypto";
import { readTree } from "../../lib/episode/mod.ts";
import { exactFs, Libc, treeFs } from "../../lib/sys/mod.ts";

const libc = new Libc();
/** The real file system. */
export const realFs = exactFs(libc);
/** The same, to lay out trees. */
export const realTreeFs = treeFs(libc);

/** The commit in {@link META}. */
export const STAMP = "0123456789abcdef0123456789abcdef01234567";
/** A stamped meta.json. */
export const META = `{"code_version":{"commit":"${STAMP}"}}\n`;

/** One entry of a tree to be made; its parents come before it. A time that is not given is 1.7e9 s. */
export type Planned =
  & { readonly path: string; readonly mtimeNs?: bigint }
  & (
    | { readonly type: "file"; readonly content: Uint8Array | string; readonly mode?: number }
    | { readonly type: "directory"; readonly mode?: number }
    | { readonly type: "symlink"; readonly target: string }
  );

const MTIME_NS = 1_700_000_000_000_000_000n;

/** A directory that is removed at the end of its scope. */
export class TestDirectory implements Disposable {
  readonly path = Deno.makeTempDirSync({ prefix: "cis490-archive-" });
  [Symbol.dispose](): void {
    Deno.removeSync(this.path, { recursive: true });
  }
}

/** Makes `root` and a tree in it, by default with a stamped meta.json. */
export function makeTree(root: string, plan: readonly Planned[], meta: string | undefined = META) {
  Deno.mkdirSync(root, { recursive: true });
  const all: readonly Planned[] = meta === undefined
    ? plan
    : [{ path: "meta.json", type: "file", content: meta }, ...plan];
  for (const entry of all) {
    const full = `${root}/${entry.path}`;
    if (entry.type === "directory") Deno.mkdirSync(full);
    else if (entry.type === "symlink") Deno.symlinkSync(entry.target, full);
    else {
      const bytes = typeof entry.content === "string"
        ? new TextEncoder().encode(entry.content)
        : entry.content;
      Deno.writeFileSync(full, bytes, { createNew: true });
    }
  }
  // Children first, for making them changed their parents' times.
  for (const entry of all.toReversed()) {
    const full = `${root}/${entry.path}`;
    if (entry.type !== "symlink") {
      Deno.chmodSync(full, entry.mode ?? (entry.type === "directory" ? 0o755 : 0o644));
    }
    libc.setMtime(full, entry.mtimeNs ?? MTIME_NS);
  }
}

/** Everything that an archive keeps of a tree, a line an entry, in the order of format 1. */
export function snapshot(root: string): string[] {
  return readTree(realFs, root).entries.map((entry) => {
    const { stat } = entry;
    const mode = (stat.mode & 0o777).toString(8);
    const held = entry.type === "symlink"
      ? `-> ${JSON.stringify(entry.target)}`
      : entry.type === "file"
      ? createHash("sha256").update(Deno.readFileSync(`${root}/${entry.path}`)).digest("hex")
      : "";
    return `${JSON.stringify(entry.path)} ${entry.type} ${mode} ${stat.mtimeNs} ${held}`;
  });
}

/**
 * Unpacks an archive with the program of that name into a new directory. bsdtar takes a name like `a:b` for one with a
 * drive letter, and cuts that off, unless it is told `-P`.
 */
export async function unpack(program: "tar" | "bsdtar", archive: string, into: string) {
  Deno.mkdirSync(into);
  const script = 'zstd -dc "$1" | "$0" -xpf - -C "$2" $3';
  await run("sh", "-c", script, program, archive, into, program === "bsdtar" ? "-P" : "");
}

/** sha256 of what `zstd -dc` makes of an archive. */
export async function digestByZstd(archive: string): Promise<string> {
  return (await run("sh", "-c", 'zstd -dc "$0" | sha256sum', archive)).slice(0, 64);
}

/** Runs a program that must succeed, and returns what it printed. */
export async function run(program: string, ...args: string[]): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(program, {
    args,
    env: { LC_ALL: "C.UTF-8", TZ: "UTC" },
    stdin: "null",
  }).output();
  if (!success) throw new Error(`${program} failed: ${new TextDecoder().decode(stderr)}`);
  return new TextDecoder().decode(stdout);
}
