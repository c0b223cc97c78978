/** A small git repository in the place of the lab's code. */
import { run } from "./processes.ts";

/** Makes a repository with one commit on `main` at `path`; returns that commit. Needs git. */
export async function createLabRepository(path: string): Promise<string> {
  await Deno.mkdir(path, { recursive: true });
  await Deno.writeTextFile(`${path}/experiment.sh`, '#!/bin/sh\nexec "$@"\n');
  const git = (...args: string[]) =>
    run("git", [
      "-C",
      path,
      "-c",
      "user.name=lab",
      "-c",
      "user.email=lab@localhost",
      "-c",
      "commit.gpgsign=false",
      ...args,
    ]);
  await git("init", "--quiet", "--initial-branch=main");
  await git("add", ".");
  await git("commit", "--quiet", "--message", "The experiment");
  return (await git("rev-parse", "HEAD")).stdout.trim();
}
