import assert from "node:assert/strict";
import { plainFs, type RunProgram, runProgram } from "../sys/mod.ts";
import { needs } from "../../tests/skip.ts";
import { withDirectory } from "../../tests/window/lab.ts";
import { addCommits, git, makeRepository, stampsOf } from "../../tests/window/repository.ts";
import { type GitOptions, gitSource } from "./git.ts";
import { WindowError } from "./source.ts";

const real = { run: runProgram, fs: plainFs() };

async function read(options: Partial<GitOptions> & { directory: string }, run = runProgram) {
  return await gitSource({ ...real, run }, { branch: "main", commits: 3, ...options }).read();
}

/** Kinds of repository, made from a checkout with four commits; each gives the directory to be read. */
const KINDS: Readonly<Record<string, (checkout: string) => string | Promise<string>>> = {
  "a checkout": (checkout) => checkout,
  "its .git": (checkout) => `${checkout}/.git`,
  "a sub-directory of it": async (checkout) => {
    await Deno.mkdir(`${checkout}/sub`);
    return `${checkout}/sub`;
  },
  "a symbolic link to it": async (checkout) => {
    await Deno.symlink(checkout, `${checkout}-link`);
    return `${checkout}-link`;
  },
  "a bare clone": async (checkout) => {
    await git(checkout, "clone", "-q", "--bare", checkout, `${checkout}.git`);
    return `${checkout}.git`;
  },
  "a clone whose own branch is deleted": async (checkout) => {
    const clone = `${checkout}-clone`;
    await git(checkout, "clone", "-q", checkout, clone);
    await git(clone, "switch", "-q", "-c", "work");
    await git(clone, "branch", "-q", "-D", "main");
    return clone;
  },
  "a worktree of another branch": async (checkout) => {
    await git(checkout, "worktree", "add", "-q", "-b", "side", `${checkout}-tree`);
    return `${checkout}-tree`;
  },
  "the .git of a worktree, which is a file": async (checkout) => {
    await git(checkout, "worktree", "add", "-q", "-b", "side", `${checkout}-tree`);
    return `${checkout}-tree/.git`;
  },
  "one with packed refs and objects": async (checkout) => {
    await git(checkout, "pack-refs", "--all");
    await git(checkout, "gc", "-q");
    return checkout;
  },
  "one with another branch checked out": async (checkout) => {
    await git(checkout, "switch", "-q", "-c", "side");
    await git(checkout, "commit", "-q", "--allow-empty", "-m", "not on main");
    return checkout;
  },
  "one with a detached HEAD": async (checkout) => {
    await git(checkout, "checkout", "-q", "HEAD~2");
    return checkout;
  },
  "one with a tag of the branch's name": async (checkout) => {
    await git(checkout, "tag", "main", "main~2");
    return checkout;
  },
  "one whose configuration would run a program on its signed commits": async (checkout) => {
    // It signs like gpg(1), and leaves a trace when it is asked to verify.
    const gpg = `${checkout}/.git/gpg`;
    await Deno.writeTextFile(
      gpg,
      `#!/bin/sh
case "$*" in *--verify*) touch ${checkout}/ran; exit 1;; esac
cat > /dev/null
printf '\\n[GNUPG:] SIG_CREATED ' >&2
printf -- '-----BEGIN PGP SIGNATURE-----\\n\\nx\\n-----END PGP SIGNATURE-----\\n'
`,
      { mode: 0o755 },
    );
    await git(checkout, "config", "gpg.program", gpg);
    await git(checkout, "config", "log.showSignature", "true");
    await git(checkout, "commit", "-q", "--allow-empty", "-S", "-m", "signed");
    await git(checkout, "config", "format.pretty", "raw");
    return checkout;
  },
};

/** Runs the program where nothing can be written, as under ProtectSystem=strict. */
const runReadOnly: RunProgram = (program, signal) =>
  runProgram({
    ...program,
    name: "unshare",
    args: [
      ...[
        "-m",
        "sh",
        "-ec",
        'mount -o remount,bind,ro /; ! touch /tmp/x 2>&- || exit 9; exec "$@"',
        "sh",
      ],
      ...[program.name, ...program.args],
    ],
  }, signal);

for (const [kind, make] of Object.entries(KINDS)) {
  Deno.test({
    ...needs(`${kind} is read, owned by another user, on a read-only file system`, {
      commands: ["git", "unshare"],
      root: true,
    }),
    fn: () =>
      withDirectory(async (root) => {
        const checkout = `${root}/checkout`;
        await makeRepository(checkout, 4);
        await git(checkout, "checkout", "-q", "main");
        const directory = await make(checkout);
        const expected = (await stampsOf(checkout, "refs/heads/main")).slice(0, 3);
        assert.deepEqual(await read({ directory }), expected);
        await new Deno.Command("chown", { args: ["-R", "65534:65534", root] }).output();
        assert.deepEqual(await read({ directory }, runReadOnly), expected);
        await assert.rejects(Deno.stat(`${checkout}/ran`), Deno.errors.NotFound);
      }),
  });
}

Deno.test("origin's branch comes before the local one, which may be behind or ahead", async () => {
  await withDirectory(async (root) => {
    await makeRepository(`${root}/upstream`, 2);
    await git(root, "clone", "-q", `${root}/upstream`, `${root}/clone`);
    await git(`${root}/clone`, "commit", "-q", "--allow-empty", "-m", "never pushed");
    await addCommits(`${root}/upstream`, 1);
    await git(`${root}/clone`, "fetch", "-q");
    assert.deepEqual(
      await read({ directory: `${root}/clone` }),
      await stampsOf(`${root}/upstream`),
    );
  });
});

Deno.test("a directory or branch that is not there, or no repository, is named with the key to set", async () => {
  await withDirectory(async (root) => {
    await makeRepository(`${root}/repository`, 1);
    for (
      const options of [
        { directory: `${root}/repository`, branch: "gone" },
        { directory: "/nowhere" },
        { directory: root },
      ]
    ) {
      await assert.rejects(
        read(options),
        (error) =>
          error instanceof WindowError && error.code === "absent" &&
          error.message.includes(options.directory) && /local_repo_path/.test(error.message),
      );
    }
  });
});

Deno.test("the usual repository that is not there is no fault, and one without commits is", async () => {
  await withDirectory(async (root) => {
    const code = (expected: string) => (error: unknown) =>
      error instanceof WindowError && error.code === expected;
    await assert.rejects(read({ directory: `${root}/.git`, ifPresent: true }), code("unasked"));
    await git(root, "init", "-q", "-b", "main");
    await assert.rejects(read({ directory: `${root}/.git`, ifPresent: true }), code("absent"));
  });
});

Deno.test("a git that hangs or is missing makes the source unreachable", async () => {
  const hangs: RunProgram = () =>
    runProgram({ name: "sleep", args: ["20"], env: {}, timeoutMs: 50 });
  const missing: RunProgram = () =>
    runProgram({ name: "no-such-git", args: [], env: {}, timeoutMs: 50 });
  for (const run of [hangs, missing]) {
    await assert.rejects(
      read({ directory: "/x" }, run),
      (error) => error instanceof WindowError && error.code === "unreachable",
    );
  }
});

Deno.test("lines that are no commits are not taken for some", async () => {
  const stamp = "a".repeat(40);
  const run: RunProgram = () =>
    Promise.resolve({ code: 0, stdout: `gpg: Good signature\n${stamp}\n`, stderr: "" });
  assert.deepEqual(await read({ directory: "/x" }, run), [stamp]);
});
