/**
 * The steps of `./denow task test` that are one command each: they count as one test apiece.
 */

import { canInstall, install, isThere, missing, readPackages } from "./packages.ts";
import { findShellScripts } from "./shell_scripts.ts";

export const ROOT = new URL("../..", import.meta.url).pathname.replace(/\/$/, "");
/** Is this continuous integration, where nothing may be missing? */
export const IN_CI = Deno.env.get("CI") === "true";

/** How a step ended; `why` says what is wrong or lacking. */
export type Outcome =
  | { readonly is: "passed" }
  | { readonly is: "failed" | "skipped"; readonly why: string };

/** One step. It prints what its tools print. */
export interface Step {
  readonly name: string;
  run(): Promise<Outcome>;
}

const PASSED: Outcome = { is: "passed" };

/** Runs a command in the project's root, its output shown; `limitMs` ends it. */
export async function show(command: string, args: string[], limitMs: number): Promise<boolean> {
  const child = new Deno.Command(command, { args, cwd: ROOT, stdin: "null" }).spawn();
  const limit = setTimeout(() => {
    console.error(
      `${command} ${args[0]}: no end within ${(limitMs / 60_000).toFixed(0)} minutes: stopped`,
    );
    child.kill("SIGKILL");
  }, limitMs);
  const { success } = await child.status;
  clearTimeout(limit);
  return success;
}

function deno(name: string, args: string[], why: string): Step {
  return {
    name,
    run: async () => await show(Deno.execPath(), args, 5 * 60_000) ? PASSED : { is: "failed", why },
  };
}

/** The Debian packages that tests need: installed where that is possible and wanted. */
export const packages: Step = {
  name: "Debian packages",
  async run() {
    const lacking = missing(readPackages());
    if (lacking.length === 0) return PASSED;
    const names = lacking.map(({ name }) => name).join(" ");
    if (canInstall()) {
      console.error(`Missing Debian packages, to be installed now: ${names}`);
      if (await install(lacking) && missing(lacking).length === 0) return PASSED;
      const left = missing(lacking).map(({ name }) => name).join(" ");
      return { is: IN_CI ? "failed" : "skipped", why: `could not be installed: ${left}` };
    }
    const why = `missing: ${names}; tests that need them are skipped (apt-get install ${names})`;
    return { is: IN_CI ? "failed" : "skipped", why };
  },
};

const shellcheck: Step = {
  name: "shellcheck",
  async run() {
    if (!isThere("shellcheck")) {
      const why = "shellcheck is missing: apt-get install shellcheck";
      return { is: IN_CI ? "failed" : "skipped", why };
    }
    const scripts = await findShellScripts(ROOT, await listFiles());
    return await show("shellcheck", ["--", ...scripts], 60_000)
      ? PASSED
      : { is: "failed", why: "what shellcheck says stands above" };
  },
};

/** Format, lint, types, shell scripts: what `./denow task check` runs. */
export const CHECKS: readonly Step[] = [
  deno("format", ["fmt", "--check"], "`./denow fmt` mends it"),
  deno("lint", ["lint", "--quiet"], "what the linter says stands above"),
  deno("types", ["check", "--frozen", "--quiet", "."], "what the compiler says stands above"),
  shellcheck,
];

/** The binaries that the tests after it run: dist/cis490, and one for each architecture. */
export const BUILDS: readonly Step[] = [
  deno("build", ["run", "-A", "tools/build.ts"], "tests of the binary can't mean anything now"),
  deno("build:all", ["run", "-A", "tools/build.ts", "--all"], "as for build"),
];

/**
 * A run leaves the tree as it was: no droppings of tests, and a deno.lock that was committed whole (Deno adds what it lacks).
 * Only in CI, where the tree is a fresh clone.
 */
export const untouched: Step = {
  name: "the tree is untouched",
  async run() {
    const changed = await git("status", "--porcelain");
    return changed === "" ? PASSED : { is: "failed", why: `changed or new:\n${changed}` };
  },
};

/** Files that git tracks and new ones that it does not ignore. */
async function listFiles(): Promise<string[]> {
  const list = await git("ls-files", "-z", "--cached", "--others", "--exclude-standard");
  return list.split("\0").filter((path) => path !== "");
}

/** What git says. The tree may be another user's, as in a container. */
async function git(...args: string[]): Promise<string> {
  const { success, stdout } = await new Deno.Command("git", {
    args: ["-c", `safe.directory=${ROOT}`, "-C", ROOT, ...args],
    stderr: "inherit",
  }).output();
  if (!success) throw new Error(`git ${args[0]} failed; its words stand above`);
  return new TextDecoder().decode(stdout);
}
