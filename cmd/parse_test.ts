import assert from "node:assert/strict";
import { type Command, command } from "./command.ts";
import { parseCommandLine } from "./parse.ts";
import { UsageError } from "./usage_error.ts";

const facts = { description: [], examples: [], exitCodes: {}, permissions: [] };
const load = () => Promise.resolve(() => Promise.resolve(0));

const COMMANDS: readonly Command[] = [
  command({
    ...facts,
    path: ["ship"],
    summary: "ship",
    oneOf: ["once", "daemon"],
    flags: {
      once: { kind: "switch", about: "" },
      daemon: { kind: "switch", about: "" },
      noProgress: { kind: "switch", about: "" },
      config: { kind: "text", value: "FILE", about: "" },
      role: { kind: "choice", choices: ["lab-host", "receiver"], about: "" },
      minAge: { kind: "duration", about: "" },
    },
    load,
  }),
  command({ ...facts, path: ["receive"], summary: "receive", flags: {}, load }),
  command({
    ...facts,
    path: ["receive", "token", "add"],
    summary: "add",
    flags: {},
    positionals: { host: { value: "HOST", about: "", count: "one" } },
    load,
  }),
  command({
    ...facts,
    path: ["show"],
    summary: "show",
    flags: {},
    positionals: { ids: { value: "ID", about: "", count: "many" } },
    load,
  }),
  command({ ...facts, path: ["version"], summary: "version", flags: {}, load }),
];

function parse(line: string) {
  return parseCommandLine(line.split(" ").filter((word) => word !== ""), COMMANDS);
}

function args(line: string): Readonly<Record<string, unknown>> {
  const invocation = parse(line);
  assert(invocation.kind === "run", invocation.kind);
  return invocation.args;
}

function complaint(line: string): string {
  try {
    parse(line);
  } catch (error) {
    assert(error instanceof UsageError, String(error));
    return error.message;
  }
  assert.fail(`${line} was understood`);
}

Deno.test("flags that are not given are false or undefined", () => {
  assert.deepEqual(args("ship"), {
    once: false,
    daemon: false,
    noProgress: false,
    config: undefined,
    role: undefined,
    minAge: undefined,
  });
});

Deno.test("flags are read with = and without, and durations become milliseconds", () => {
  assert.deepEqual(args("ship --no-progress --config=/a --role receiver --min-age 24h"), {
    once: false,
    daemon: false,
    noProgress: true,
    config: "/a",
    role: "receiver",
    minAge: 86_400_000,
  });
});

Deno.test("the longest run of words is the command; words after it are its own", () => {
  const invocation = parse("receive token add h1");
  assert(invocation.kind === "run");
  assert.deepEqual(invocation.command.path, ["receive", "token", "add"]);
  assert.deepEqual(invocation.args, { host: "h1" });
  assert.deepEqual(args("show a b"), { ids: ["a", "b"] });
  assert.deepEqual(args("show -- -a"), { ids: ["-a"] });
});

Deno.test("--version is the command version", () => {
  const invocation = parse("--version");
  assert(invocation.kind === "run");
  assert.deepEqual(invocation.command.path, ["version"]);
});

Deno.test("help is asked for by --help anywhere before --, or by giving no command", () => {
  assert.deepEqual(parse("ship --once -h"), { kind: "help", path: ["ship"], asked: true });
  assert.deepEqual(parse("--help"), { kind: "help", path: [], asked: true });
  assert.deepEqual(parse(""), { kind: "help", path: [], asked: false });
  assert.deepEqual(parse("receive token"), {
    kind: "help",
    path: ["receive", "token"],
    asked: false,
  });
  assert.equal(parse("show -- --help").kind, "run");
});

for (
  const [line, expected] of [
    ["shpi", 'there is no command "shpi"'],
    ["receive tokn", 'receive has no command "tokn"'],
    ["receive token ad", 'receive token has no command "ad"'],
    ["ship --onec", "unknown option --onec"],
    ["ship -x", "unknown option -x"],
    ["ship --once --once", "--once is given twice"],
    ["ship --once --daemon", "--once and --daemon exclude each other"],
    ["ship --once=yes", "--once: takes no value"],
    ["ship --config", "--config: needs a value"],
    ["ship --config --once", "--config: needs a value"],
    ["ship --config=", "--config: needs a value"],
    ["ship --role pi", '--role: expected lab-host or receiver, found "pi"'],
    ["ship --min-age 24", '--min-age: expected a time like 90s, 15min, 24h or 14d, found "24"'],
    ["ship it", 'unexpected "it"'],
    ["receive token add", "HOST is missing"],
    ["receive token add a b", 'unexpected "b"'],
    ["--json ship", "--json stands before a command; commands: ship, receive, show, version"],
  ] as const
) {
  Deno.test(`cis490 ${line}: ${expected}`, () => assert.equal(complaint(line), expected));
}

Deno.test("an unknown name comes with the names that are known", () => {
  try {
    parse("ship --onec");
  } catch (error) {
    assert(error instanceof UsageError);
    assert.equal(error.slip?.found, "--onec");
    assert(error.slip?.known.includes("--once"));
    return;
  }
  assert.fail("it was understood");
});
