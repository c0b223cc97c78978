/** The lab's code on this machine: the commit that new episodes are stamped with, and whether this program is older. */
import { findStamp, type Stamp } from "../../episode/mod.ts";
import { isFsError, type PlainFs, type RunProgram } from "../../sys/mod.ts";
import { ask } from "./program.ts";

/** Where the installer puts it; the remedies that the protocol prints go there too. */
export const REPOSITORY = "/opt/cis490";

/** What this program is made of: other commits do not make it old. */
const SOURCES = ["main.ts", "deno.json", "cmd", "lib", "systemd"];

export type Repository =
  | { readonly kind: "absent" }
  /** Not a repository, or git is missing, or this user may not read it. */
  | { readonly kind: "unseen"; readonly why: string }
  | {
    readonly kind: "seen";
    readonly commit: Stamp;
    /** Commits that changed this program since it was built; undefined when it was not built from here. */
    readonly newer: number | undefined;
    /** When somebody last pulled, in milliseconds since the epoch; undefined when nobody did. */
    readonly pulledMs: number | undefined;
  };

/** git without anybody's configuration, writing nothing; the repository may be another user's. */
const ENVIRONMENT = {
  GIT_CONFIG_GLOBAL: "/dev/null",
  GIT_CONFIG_NOSYSTEM: "1",
  GIT_OPTIONAL_LOCKS: "0",
  GIT_TERMINAL_PROMPT: "0",
};

export async function lookAtRepository(
  { run, fs }: { readonly run: RunProgram; readonly fs: Pick<PlainFs, "lstat"> },
  builtFrom: string,
): Promise<Repository> {
  try {
    fs.lstat(REPOSITORY);
  } catch (error) {
    if (isFsError(error, "gone", "not-a-directory")) return { kind: "absent" };
    if (!isFsError(error)) throw error;
  }
  const git = (...args: string[]) =>
    ask(run, "git", ["-c", "safe.directory=*", "-C", REPOSITORY, ...args], { env: ENVIRONMENT });
  const built = findStamp(builtFrom.replace(/-dirty$/, ""));
  const [head, count] = await Promise.all([
    git("rev-parse", "--verify", "HEAD"),
    built === undefined
      ? undefined
      : git("rev-list", "--count", `${built}..HEAD`, "--", ...SOURCES),
  ]);
  if (head.kind === "unseen") return { kind: "unseen", why: head.why.message };
  const commit = findStamp(head.value.stdout.trim());
  if (head.value.code !== 0 || commit === undefined) {
    const [line] = head.value.stderr.trim().split("\n");
    return { kind: "unseen", why: `git in ${REPOSITORY}: ${line}` };
  }
  const isFromHere = count?.kind === "seen" && count.value.code === 0;
  const newer = isFromHere ? Number(count.value.stdout) : undefined;
  return { kind: "seen", commit, newer, pulledMs: findPulled(fs) };
}

/** git-fetch(1) writes FETCH_HEAD anew each time, whether something came or not. */
function findPulled(fs: Pick<PlainFs, "lstat">): number | undefined {
  try {
    return Number(fs.lstat(`${REPOSITORY}/.git/FETCH_HEAD`).mtimeNs / 1_000_000n);
  } catch (error) {
    if (isFsError(error)) return undefined;
    throw error;
  }
}
