import assert from "node:assert/strict";
import { flagName } from "./command.ts";
import { COMMANDS } from "./commands.ts";
import { renderHelp } from "./help.ts";
import { parseCommandLine } from "./parse.ts";

for (const command of COMMANDS) {
  const name = command.path.join(" ");

  Deno.test(`cis490 ${name}: its examples are understood, and are its own`, () => {
    for (const { command: example } of command.examples) {
      const words = (example.split(/[|>]/)[0] ?? "").trim().split(" ");
      const argv = words.slice(words.lastIndexOf("cis490") + 1);
      const invocation = parseCommandLine(argv, COMMANDS);
      assert(invocation.kind === "run", example);
      assert.equal(invocation.command, command, example);
    }
    assert(command.examples.length > 0);
  });

  Deno.test(`cis490 ${name}: help has every flag, word and exit code, and its summary is one clause`, () => {
    const help = renderHelp(command.path, COMMANDS, 80).join("\n");
    const flags = Object.keys(command.flags).map(flagName);
    const words = Object.values(command.positionals).map(({ value }) => value);
    for (const each of [...flags, ...words, ...Object.keys(command.exitCodes)]) {
      assert(help.includes(each), each);
    }
    assert.match(command.summary, /^[a-z].*[^.]$/);
    assert(command.exitCodes[0] !== undefined);
  });
}

Deno.test("no two commands have the same words", () => {
  const names = COMMANDS.map(({ path }) => path.join(" "));
  assert.equal(new Set(names).size, names.length);
});

Deno.test("only commands that look at episodes, or lay them out, keep the C library", () => {
  const keep = COMMANDS.filter(({ permissions }) => permissions.includes("ffi"));
  const names = keep.map(({ path }) => path.join(" "));
  const may = [
    "ship",
    "quarantine-unstamped",
    "quarantine add",
    "quarantine retry",
    "quarantine remove",
    "receive export",
    "receive scrub",
    // For NOTIFY_SOCKET, and gives it up before it listens (tests/api/service_test.ts).
    "receive",
  ];
  assert.deepEqual(names.filter((name) => !may.includes(name)), []);
});
