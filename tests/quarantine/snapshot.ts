/** A tree as find(1) tells it: every path with mode, owner, size, mtime and ctime, but for what the tests' own looks change. */
export async function snapshot(root: string): Promise<string> {
  const find = new Deno.Command("find", {
    args: [root, "-printf", "%p %y %m %U %G %s %T@ %C@ %i\\n"],
    stderr: "inherit",
  });
  const { success, stdout } = await find.output();
  if (!success) throw new Error(`find ${root} failed`);
  return new TextDecoder().decode(stdout);
}
