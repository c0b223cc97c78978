import assert from "node:assert/strict";
import { ConfigError } from "../lib/config/mod.ts";
import { QueueError } from "../lib/queue/mod.ts";
import { FsError } from "../lib/sys/mod.ts";
import { createIo } from "./print.ts";
import { complain } from "./run.ts";
import { UsageError } from "./usage_error.ts";

async function told(error: unknown): Promise<{ lines: string[]; code: number }> {
  let stderr = "";
  const io = createIo({
    writeStdout: () => assert.fail("a complaint is no result"),
    writeStderr: (text) => void (stderr += text),
    environment: () => undefined,
    stdoutIsTerminal: false,
    stderrIsTerminal: false,
    columns: () => undefined,
    monotonic: () => 0,
  });
  const code = await complain(error, io);
  return { lines: stderr.split("\n").slice(0, -1), code };
}

Deno.test("a usage error is one line with a suggestion, and one that points to the help", async () => {
  const slip = { found: "shpi", known: ["ship", "ping"] };
  assert.deepEqual(await told(new UsageError("no shpi", ["a"], slip)), {
    lines: ["cis490: no shpi; did you mean ship?", "cis490: cis490 help a tells more"],
    code: 2,
  });
});

Deno.test("a configuration error has a line for each fault", async () => {
  const faults = [{ line: 1, key: "a", what: "x" }, { line: undefined, key: "b", what: "y" }];
  assert.deepEqual(await told(new ConfigError("f", faults)), {
    lines: ["cis490: f:1: a: x", "cis490: f: b: y"],
    code: 2,
  });
});

Deno.test("an error that a room threw on purpose is one line with its hint, and no stack", async () => {
  assert.deepEqual(await told(new QueueError("split", "/d", "it is split", "join it")), {
    lines: ["cis490: it is split; join it"],
    code: 1,
  });
  assert.deepEqual(await told(new FsError("open", "/d", "ENOSPC")), {
    lines: ["cis490: open /d: ENOSPC; there is no space left; df -h shows where"],
    code: 1,
  });
});

Deno.test("a bug is named as one, with its stack; an errno of Deno's own is a bug too", async () => {
  for (const bug of [new TypeError("oops"), Object.assign(new Error("oops"), { code: "ENOENT" })]) {
    const { lines, code } = await told(bug);
    assert.equal(code, 1);
    assert.match(lines[0] ?? "", /^cis490: this is a bug in cis490.*: oops$/);
    assert(lines.some((line) => line.includes("run_test.ts")), "the stack");
  }
  assert.match((await told("thrown text")).lines[0] ?? "", /bug.*thrown text$/);
});

Deno.test("a closed pipe is no complaint", async () => {
  assert.deepEqual(await told(new Deno.errors.BrokenPipe("")), { lines: [], code: 1 });
});

Deno.test("what comes from outside reaches no terminal as a command", async () => {
  const { lines } = await told(new FsError("open", "/d/\x1b[31m\nx", "EACCES"));
  assert.equal(lines.length, 1);
  assert(!lines[0]?.includes("\x1b"));
});
