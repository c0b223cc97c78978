/** Real repositories for the tests of the window. */

/** Runs git without the configuration of whoever runs the tests; its output, trimmed. Throws when it fails. */
export async function git(directory: string, ...args: string[]): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command("git", {
    args: ["-C", directory, "-c", "safe.directory=*", ...args],
    clearEnv: true,
    env: {
      PATH: "/usr/local/bin:/usr/bin:/bin",
      HOME: "/nonexistent",
      GIT_CONFIG_NOSYSTEM: "1",
      GIT_AUTHOR_NAME: "lab",
      GIT_AUTHOR_EMAIL: "lab@example.com",
      GIT_COMMITTER_NAME: "lab",
      GIT_COMMITTER_EMAIL: "lab@example.com",
    },
  }).output();
  if (!success) throw new Error(`git ${args.join(" ")}: ${new TextDecoder().decode(stderr)}`);
  return new TextDecoder().decode(stdout).trim();
}

/** A new repository with so many commits on `main`. */
export async function makeRepository(directory: string, commits: number): Promise<void> {
  await Deno.mkdir(directory, { recursive: true });
  await git(directory, "init", "-q", "-b", "main");
  if (commits > 0) await addCommits(directory, commits);
}

/** So many commits on top of `main`, one second apart, by one process however many they are. */
export async function addCommits(directory: string, commits: number, note = ""): Promise<void> {
  const tip = await git(directory, "for-each-ref", "--format=%(objectname)", "refs/heads/main");
  const before = tip === "" ? 0 : Number(await git(directory, "rev-list", "--count", tip));
  const stream = Array.from({ length: commits }, (_, at) => {
    const message = `commit ${before + at + 1}${note}\n`;
    const from = at === 0 && tip !== "" ? `from ${tip}\n` : "";
    const time = 1_700_000_000 + before + at;
    return `commit refs/heads/main\ncommitter lab <lab@example.com> ${time} +0000\n` +
      `data ${message.length}\n${message}${from}\n`;
  });
  const child = new Deno.Command("git", {
    args: ["-C", directory, "fast-import", "--quiet", "--force"],
    stdin: "piped",
    stdout: "null",
    stderr: "null",
  }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(stream.join("")));
  await writer.close();
  if (!(await child.status).success) throw new Error("git fast-import failed");
}

/** The newest commits of `ref`, newest first. */
export async function stampsOf(directory: string, ref = "main", count = 1000): Promise<string[]> {
  return (await git(directory, "rev-list", "-n", `${count}`, ref, "--")).split("\n");
}
