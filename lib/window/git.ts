/** The newest commits from a repository on this machine, by git-log(1). */
import { findStamp, type Stamp } from "../episode/mod.ts";
import { isFsError, type PlainFs, ProgramError, type RunProgram } from "../sys/mod.ts";
import { type CommitSource, WindowError } from "./source.ts";

export interface GitOptions {
  /** A checkout, a worktree, a .git, or a bare repository. */
  readonly directory: string;
  readonly branch: string;
  /** How many of its newest commits. */
  readonly commits: number;
  /** Nobody asked for it: that it is not there is no fault, and told as `unasked`. False unless said. */
  readonly ifPresent?: boolean;
}

const TIMEOUT_MS = 10_000;

/** git without the configuration of whoever runs it, asking nobody anything, and writing nothing. */
const ENVIRONMENT = {
  GIT_CONFIG_GLOBAL: "/dev/null",
  GIT_CONFIG_NOSYSTEM: "1",
  GIT_NO_LAZY_FETCH: "1",
  GIT_OPTIONAL_LOCKS: "0",
  GIT_TERMINAL_PROMPT: "0",
  HOME: "/nonexistent",
  LC_ALL: "C",
};

/** `origin/<branch>`, which a fetch brings up to date, else `<branch>` itself. */
export function gitSource(
  parts: { readonly run: RunProgram; readonly fs: Pick<PlainFs, "lstat"> },
  options: GitOptions,
): CommitSource {
  return {
    name: "git-fallback",
    async read(signal) {
      if (options.ifPresent === true) checkPresence(parts.fs, options.directory);
      let fault = "";
      for (const space of ["refs/remotes/origin", "refs/heads"]) {
        const end = await log(parts.run, options, `${space}/${options.branch}`, signal);
        if (end.code === 0) return stampsIn(end.stdout, options);
        fault = end.stderr.trim().split("\n")[0] ?? "";
      }
      throw new WindowError(
        "absent",
        options.directory,
        `git log of ${options.branch} in ${options.directory}: ${fault}. Set window.local_repo_path and ` +
          "window.branch to a repository that has the branch and that this user may read",
      );
    },
  };
}

/** What is there but can't be looked at is git's to complain about. */
function checkPresence(fs: Pick<PlainFs, "lstat">, directory: string): void {
  try {
    fs.lstat(directory);
  } catch (error) {
    if (!isFsError(error, "gone", "not-a-directory")) return;
    throw new WindowError("unasked", directory, `${directory} is not there`, { cause: error });
  }
}

async function log(run: RunProgram, options: GitOptions, ref: string, signal?: AbortSignal) {
  const { directory, commits } = options;
  try {
    return await run({
      name: "git",
      args: [
        // The repository may be another user's: the operator has named it. By its path it would not be recognised
        // behind a symbolic link (git-config(1), safe.directory).
        ...["-c", "safe.directory=*", "-C", rootOf(directory), "--no-replace-objects"],
        ...["log", "--format=%H", "--no-show-signature", "-n", String(commits), ref, "--"],
      ],
      env: ENVIRONMENT,
      timeoutMs: TIMEOUT_MS,
    }, signal);
  } catch (error) {
    if (!(error instanceof ProgramError)) throw error;
    const hint = error.code === "missing" ? ": apt-get install git" : "";
    throw new WindowError("unreachable", directory, error.message + hint, { cause: error });
  }
}

/** The `.git` of a worktree is a file, which git can't change its directory to. */
function rootOf(directory: string): string {
  return directory.replace(/(?<=.)\/\.git\/?$/, "");
}

function stampsIn(stdout: string, { directory, branch }: GitOptions): readonly Stamp[] {
  const stamps = stdout.split("\n").flatMap((line) => findStamp(line) ?? []);
  if (stamps.length === 0) {
    throw new WindowError(
      "empty",
      directory,
      `${branch} in ${directory} has no commit named by SHA-1`,
    );
  }
  return stamps;
}
