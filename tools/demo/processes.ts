/** The programs that the demo runs: each is waited for, or stopped by the pid that was started. */

export interface Finished {
  readonly code: number;
  readonly stdout: string;
}

/** Runs a program to its end, its stderr passed through. Throws when it fails. */
export async function run(program: string, args: readonly string[]): Promise<Finished> {
  const output = await command(program, args, "inherit").output();
  const stdout = new TextDecoder().decode(output.stdout);
  if (!output.success) {
    throw new Error(`${program} ${args.join(" ")} failed with exit code ${output.code}: ${stdout}`);
  }
  return { code: output.code, stdout };
}

/** Shows a command as one would type it and what it says; returns its stdout. Throws when it fails. */
export async function show(program: string, args: readonly string[]): Promise<string> {
  console.log(`   $ cis490 ${args.join(" ")}`);
  const output = await command(program, args, "piped").output();
  const stdout = new TextDecoder().decode(output.stdout);
  const both = stdout + new TextDecoder().decode(output.stderr);
  console.log(both.trimEnd().replaceAll(/^/gm, "   "));
  if (!output.success) throw new Error(`cis490 ${args[0]} ended with exit code ${output.code}`);
  return stdout;
}

function command(
  program: string,
  args: readonly string[],
  stderr: "inherit" | "piped",
): Deno.Command {
  return new Deno.Command(program, { args: [...args], stdin: "null", stdout: "piped", stderr });
}

export interface Running {
  /** SIGTERM, and waits for the end. */
  stop(): Promise<void>;
}

/** Starts the receiver, its log in `logPath`, and waits until it answers. */
export async function startReceiver(
  binary: string,
  config: string,
  port: number,
  logPath: string,
): Promise<Running> {
  console.log(`   $ cis490 receive --config ${config}`);
  const child = new Deno.Command(binary, {
    args: ["receive", "--config", config],
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).spawn();
  const log = child.stderr.pipeTo((await Deno.create(logPath)).writable);
  const stop = async () => {
    try {
      child.kill("SIGTERM");
    } catch (error) {
      // It has ended by itself already; its log says why.
      if (!(error instanceof TypeError)) throw error;
    }
    await child.status;
    await log;
  };
  for (let tries = 0; tries < 100; tries++) {
    const answer = await fetch(`http://127.0.0.1:${port}/healthz`).catch(() => undefined);
    await answer?.body?.cancel();
    if (answer?.ok) {
      console.log(`   pid ${child.pid} answers on http://127.0.0.1:${port}`);
      return { stop };
    }
    await new Promise((done) => setTimeout(done, 100));
  }
  await stop();
  throw new Error(`the receiver did not answer within 10 s: ${await Deno.readTextFile(logPath)}`);
}
