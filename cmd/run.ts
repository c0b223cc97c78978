/**
 * The process's fence: what a command throws ends here, as a line for people and an exit code.
 *
 * A mistake of the user or of the machine is one line that says what to do. A bug is one line too, and the stack
 * follows it: nobody can mend a bug without it.
 */
import type { Command, Permission } from "./command.ts";
import { COMMANDS } from "./commands.ts";
import { type Invocation, parseCommandLine } from "./parse.ts";
import { createIo, type Io, printable } from "./print.ts";
import { UsageError } from "./usage_error.ts";

const DONE = 0;
const NOT_DONE = 1;
const USAGE = 2;

/** Runs a command line to its end and returns the exit code. Throws nothing. */
export async function run(argv: readonly string[]): Promise<number> {
  const io = createIo({
    writeStdout,
    writeStderr: (text) => writeAll(Deno.stderr, text),
    environment: (name) => Deno.env.get(name),
    stdoutIsTerminal: Deno.stdout.isTerminal(),
    stderrIsTerminal: Deno.stderr.isTerminal(),
    columns: findColumns,
    monotonic: () => performance.now(),
  });
  // What nobody awaits, and what an event's listener throws, never reaches the catch below.
  globalThis.addEventListener("unhandledrejection", (event) => {
    event.preventDefault();
    complain(event.reason, io).then(Deno.exit, giveUp);
  });
  globalThis.addEventListener("error", (event) => {
    event.preventDefault();
    complain(event.error, io).then(Deno.exit, giveUp);
  });
  forgetProxies();
  try {
    return await runInvocation(parseCommandLine(argv, COMMANDS), io);
  } catch (error) {
    return await complain(error, io);
  }
}

/** Complaining failed: to complain of that would go round for ever. */
function giveUp(): never {
  Deno.exit(NOT_DONE);
}

/**
 * The receiver, and Forgejo, are spoken to directly: fetch would hand a token to whatever proxy a shell's environment
 * names, while the checks of `cis490 ping` went another way.
 */
function forgetProxies(): void {
  for (const name of ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"]) {
    Deno.env.delete(name);
    Deno.env.delete(name.toLowerCase());
  }
}

async function runInvocation(invocation: Invocation, io: Io): Promise<number> {
  if (invocation.kind === "run") {
    revokeAllBut(invocation.command.permissions);
    return await invocation.command.run(invocation.args, io);
  }
  const { renderHelp } = await import("./help.ts");
  const write = invocation.asked ? io.stdout : io.stderr;
  for (const line of renderHelp(invocation.path, COMMANDS, io.columns)) write(line);
  return invocation.asked ? DONE : USAGE;
}

/** Gives up, for good, what the command does not use. */
function revokeAllBut(kept: Command["permissions"]): void {
  const all: readonly Permission[] = ["read", "write", "net", "ffi", "run", "env", "sys"];
  for (const name of all) {
    if (!kept.includes(name)) Deno.permissions.revokeSync({ name });
  }
}

/** Says what went wrong; returns the exit code. */
export async function complain(error: unknown, io: Io): Promise<number> {
  // In the journal a complaint is an error (sd-daemon(3)), line by line.
  const prefix = io.isJournal ? "<3>" : "";
  const say = (line: string) => io.stderr(prefix + line);
  // Whoever read stdout has seen enough.
  if (error instanceof Deno.errors.BrokenPipe) return NOT_DONE;
  if (error instanceof UsageError) {
    say(`cis490: ${printable(error.message)}${await suggest(error)}`);
    say(`cis490: ${["cis490", "help", ...error.path].join(" ")} tells more`);
    return USAGE;
  }
  if (isNamed(error, "ConfigError")) {
    for (const line of error.message.split("\n")) say(`cis490: ${printable(line)}`);
    return USAGE;
  }
  if (isKnown(error)) {
    const hint = typeof error.hint === "string" ? error.hint : hintOf(error);
    say(`cis490: ${printable(hint === "" ? error.message : `${error.message}; ${hint}`)}`);
    return NOT_DONE;
  }
  const words = error instanceof Error ? error.message : String(error);
  say(
    `cis490: this is a bug in cis490, please report it with what follows: ${printable(words)}`,
  );
  const stack = error instanceof Error ? error.stack ?? "" : "";
  for (const line of stack.split("\n")) say(line);
  return NOT_DONE;
}

/** By name, since importing the class would load the configuration's parser for every command. */
function isNamed(error: unknown, name: string): error is Error {
  return error instanceof Error && error.name === name;
}

/** An error that a room threw on purpose: it has a code and says what it is about. */
function isKnown(
  error: unknown,
): error is Error & { readonly code: unknown; readonly hint?: unknown } {
  return error instanceof Error && "code" in error && "subject" in error;
}

/** What to do about a file system error that no room has said more about. */
function hintOf(error: Error & { readonly code: unknown }): string {
  if (error.name !== "FsError") return "";
  switch (error.code) {
    case "denied":
      return "this user may not do that; run it as root or as the user cis490";
    case "full":
      return "there is no space left; df -h shows where";
    case "broken":
      return "the disk is at fault or read-only; dmesg tells more";
    case "busy":
      return "the system is short of files or memory; try again";
    default:
      return "";
  }
}

async function suggest({ slip }: UsageError): Promise<string> {
  if (slip === undefined) return "";
  const { closest } = await import("../lib/closest.ts");
  const meant = closest(slip.found, slip.known);
  return meant === undefined ? "" : `; did you mean ${meant}?`;
}

function writeAll(to: { writeSync(bytes: Uint8Array): number }, text: string): void {
  let bytes = new TextEncoder().encode(text);
  while (bytes.length > 0) bytes = bytes.subarray(to.writeSync(bytes));
}

/** A full disk behind `> file` is no bug. Throws OutputError; BrokenPipe when the reader has gone. */
function writeStdout(text: string): void {
  try {
    writeAll(Deno.stdout, text);
  } catch (error) {
    if (!(error instanceof Error) || error instanceof Deno.errors.BrokenPipe) throw error;
    throw new OutputError(`stdout can't be written: ${error.message}`, { cause: error });
  }
}

/** What was to be said could not be; what was to be done may well have been. */
class OutputError extends Error {
  override readonly name = "OutputError";
  readonly code = "output";
  readonly subject = "stdout";
}

function findColumns(): number | undefined {
  try {
    return Deno.consoleSize().columns;
  } catch {
    // Neither stdout nor stderr nor stdin is a terminal.
    return undefined;
  }
}
