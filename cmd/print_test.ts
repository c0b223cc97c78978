import assert from "node:assert/strict";
import { createIo, formatBar, formatTable, paint, printable, type Terminal } from "./print.ts";

/** A terminal in memory. */
function record(overrides: Partial<Terminal> = {}, variables: Record<string, string> = {}) {
  const written = { stdout: "", stderr: "", now: 0 };
  const io = createIo({
    writeStdout: (text) => void (written.stdout += text),
    writeStderr: (text) => void (written.stderr += text),
    environment: (name) => variables[name],
    stdoutIsTerminal: true,
    stderrIsTerminal: true,
    columns: () => undefined,
    monotonic: () => written.now,
    ...overrides,
  });
  return { io, written };
}

Deno.test("a bar is drawn on a terminal, ten times a second at most, and taken away", () => {
  const { io, written } = record();
  const bar = io.progress();
  bar.update(0.5, "a");
  bar.update(0.6, "b");
  assert.equal(written.stderr, "\r\x1b[K[##########----------]  50 % a");
  written.now = 100;
  bar.update(0.7, "c");
  assert(written.stderr.endsWith(" 70 % c"));
  bar.end();
  assert(written.stderr.endsWith("\r\x1b[K"));
  assert.equal(written.stdout, "");
});

Deno.test("a line takes the bar away first, so that it stands on a line of its own", () => {
  const { io, written } = record();
  io.progress().update(0.5, "a");
  io.stderr("said");
  assert(written.stderr.endsWith("a\r\x1b[Ksaid\n"));
});

Deno.test("no bar without a terminal, on a dumb one, or when it is not wanted", () => {
  for (
    const { io, written } of [
      record({ stderrIsTerminal: false }),
      record({}, { TERM: "dumb" }),
    ]
  ) {
    io.progress().update(0.5, "a");
    assert.equal(written.stderr, "");
  }
  const { io, written } = record();
  io.progress({ enabled: false }).update(0.5, "a");
  assert.equal(written.stderr, "");
});

Deno.test("no colour with NO_COLOR, on a dumb terminal, or into a file", () => {
  assert.equal(paint(record().io, "red", "x"), "\x1b[31mx\x1b[0m");
  assert.equal(paint(record({}, { NO_COLOR: "1" }).io, "red", "x"), "x");
  assert.equal(paint(record({}, { TERM: "dumb" }).io, "red", "x"), "x");
  assert.equal(paint(record({ stdoutIsTerminal: false }).io, "red", "x"), "x");
});

Deno.test("a closed stderr stops nothing, a closed stdout is told", () => {
  const broken = () => {
    throw new Deno.errors.BrokenPipe("");
  };
  const { io } = record({ writeStdout: broken, writeStderr: broken });
  io.stderr("x");
  io.progress().update(0, "x");
  assert.throws(() => io.stdout("x"), Deno.errors.BrokenPipe);
});

Deno.test("an empty environment variable counts as not set", () => {
  assert.equal(record({}, { A: "" }).io.environment("A"), undefined);
});

Deno.test("a bar is cut at the width, and copes with any fraction", () => {
  assert.equal(formatBar(2, "done", 80), "[####################] 100 % done");
  assert.equal(formatBar(NaN, "?", 80), "[--------------------]   0 % ?");
  assert.equal(formatBar(0, "long words", 32).length, 32);
});

Deno.test("the width is only asked for when it is wanted; COLUMNS is read before the environment is given up", () => {
  let asked = 0;
  const { io } = record({ columns: () => ++asked && 132 });
  io.stdout("x");
  assert.equal(asked, 0);
  assert.equal(io.columns, 132);
  const variables: Record<string, string> = { COLUMNS: "50" };
  const narrow = record({}, variables).io;
  delete variables.COLUMNS;
  assert.equal(narrow.columns, 50);
});

Deno.test("tables are aligned by characters, without white space at the end", () => {
  assert.deepEqual(formatTable([["é", "x", ""], ["aaa", "b", "c"]]), ["é    x", "aaa  b  c"]);
});

Deno.test("control characters are made visible", () => {
  assert.equal(printable("a\x1b[31m\nb"), "a\\u{1b}[31m\\u{a}b");
});
