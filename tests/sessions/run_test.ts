import assert from "node:assert/strict";
import { runSession } from "./run.ts";

const PLACE = { programs: "/nonexistent", repository: "/the/repository" };
const run = (text: string) => runSession(text, { ...PLACE, limitMs: 5000 });

const GOOD = `Words outside of blocks are no commands: $ false

    $ nor is this
<!-- needs: sh -->
\`\`\`sh setup
made=by-setup; sleep 1000 & echo unseen
\`\`\`
- in a list
  \`\`\`console
  $ echo "$made, $REPO, $TZ, $PWD" | sed "s,$TMPDIR,," | sed 's,/tmp/.*,,'
  by-setup, /the/repository, UTC,${" "}
  $ printf 'a\\n\\nb'
  a

  b

  $ echo oops >&2; echo; echo out; (exit 3)

  out
  2> oops
  ? 3
  \`\`\`
\`\`\`console no-run
$ rm -rf / --no-preserve-root-of-course-not
\`\`\`
\`\`\`console
$ cd "$HOME" && cat <<end
> two
>
> lines
> end
two

lines
$ ls -A; cat; jobs -r | wc -l; echo $$
1
[PID]
\`\`\`
`;

Deno.test("a session that says what happens is as written", async () => {
  const { differences, updated } = await run(GOOD);
  assert.deepEqual(differences, []);
  assert.equal(updated, GOOD);
});

Deno.test("each difference is told with its line: output, complaint, exit code", async () => {
  const text = "```console\n$ echo a\nb\n$ true\n? 1\n$ ls /no/such >/dev/null\n? 2\n```\n";
  const { differences } = await run(text);
  assert.deepEqual(differences, [
    "line 2: $ echo a\n  - b\n  + a",
    "line 4: $ true\n  - ? 1",
    "line 6: $ ls /no/such >/dev/null\n  - ? 2\n  + 2> ls: cannot access '/no/such': " +
    "No such file or directory\n  + ? 2",
  ]);
});

Deno.test("an update writes what happened, is stable, and leaves everything else alone", async () => {
  const text = "x\n  ```console\n  $ date -Is -u | sed 's/+00:00/Z/'; echo now >&2; exit_with=4\n" +
    "  old\n\n  $ echo pid $$\n  pid [PID]\n  $ (exit $exit_with)\n  ```\ny\n";
  const { updated } = await run(text);
  assert.equal(
    updated,
    "x\n  ```console\n  $ date -Is -u | sed 's/+00:00/Z/'; echo now >&2; exit_with=4\n" +
      "  [TIME]\n  2> now\n\n  $ echo pid $$\n  pid [PID]\n  $ (exit $exit_with)\n  ? 4\n  ```\ny\n",
  );
  assert.deepEqual((await run(updated)).differences, []);
});

Deno.test("what a session started ends with it, and its files are gone", async () => {
  const where = await Deno.makeTempFile();
  try {
    const started = performance.now();
    const job = `(trap '' TERM; exec sleep 60) & echo $! >${where}; pwd >>${where}`;
    await run(`\`\`\`console\n$ ${job}\n$ sleep 61 &\n\`\`\``);
    const [pid, directory] = (await Deno.readTextFile(where)).split("\n");
    // A zombie that nobody has reaped yet has no command line any more.
    const commandLine = await Deno.readTextFile(`/proc/${pid}/cmdline`).catch(() => "");
    assert.equal(commandLine, "", "the job that ignores SIGTERM is gone");
    await assert.rejects(Deno.stat(`${directory}`));
    assert.ok(performance.now() - started < 10_000);
  } finally {
    await Deno.remove(where);
  }
});

Deno.test("a command that hangs, a shell that ends and a broken setup are told in words", async () => {
  const hanging = runSession("```console\n$ sleep 99\n```", { ...PLACE, limitMs: 200 });
  await assert.rejects(hanging, /no end within 0.2 s: sleep 99/);
  await assert.rejects(run("```console\n$ exit 0\n```"), /ended the session's shell: exit 0/);
  await assert.rejects(run("```sh setup\nls /no/such\n```"), /line 2: the setup failed \(2\): ls/);
});

Deno.test("a file that makes no sense is told with its line", async () => {
  await assert.rejects(run("a\n```console\noutput\n```"), /line 3: output without a command/);
  await assert.rejects(run("```console\n$ true"), /line 1: a block that does not end/);
  await assert.rejects(run("```console\n$ a\n? 1\n? 2\n```"), /line 2: more than one exit code/);
});
