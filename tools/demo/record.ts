/** Records one run of a program, as an orchestrator would: telemetry in a directory, moved into place whole. */
import { sampleProcess } from "./sample.ts";

export interface Program {
  readonly name: string;
  readonly command: readonly string[];
  /** It is stopped after this many milliseconds. */
  readonly limitMs: number;
}

export interface Place {
  readonly root: string;
  readonly dataDir: string;
  readonly host: string;
  readonly commit: string;
}

export interface Recording {
  readonly id: string;
  readonly pid: number;
  readonly samples: number;
  /** Lines in its system-call log; undefined without strace. */
  readonly systemCalls: number | undefined;
}

const SAMPLES_PER_SECOND = 20;

export async function recordEpisode(program: Program, place: Place): Promise<Recording> {
  const startedAt = new Date();
  const id = `${program.name}-${startedAt.toISOString().replaceAll(/[-:]/g, "").slice(0, 15)}Z`;
  const directory = `${place.root}/recording/${id}`;
  await Deno.mkdir(`${directory}/proc`, { recursive: true });

  const traced = await canTrace();
  const log = `${directory}/system calls.log`;
  // -D: the tracer is a grandchild, so that the pid that is sampled is the program's own.
  const argv = traced
    ? ["strace", "-D", "-f", "-tt", "-o", log, ...program.command]
    : program.command;
  const child = new Deno.Command(argv[0] ?? "", {
    args: argv.slice(1),
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).spawn();
  const stopper = setTimeout(() => {
    try {
      child.kill("SIGTERM");
    } catch {
      // It ended in this very moment.
    }
  }, program.limitMs);
  const sampled = sampleProcess(child.pid, `${directory}/proc`, SAMPLES_PER_SECOND, child.status);
  const status = await child.status;
  clearTimeout(stopper);
  const samples = await sampled;
  const systemCalls = traced ? await countLines(log) : undefined;

  await Deno.writeTextFile(
    `${directory}/meta.json`,
    JSON.stringify(
      {
        episode_id: id,
        host: place.host,
        experiment: { command: program.command, exit_code: status.code, signal: status.signal },
        code_version: { commit: place.commit },
        started_at: startedAt.toISOString(),
        ended_at: new Date().toISOString(),
        samples_per_second: SAMPLES_PER_SECOND,
      },
      undefined,
      2,
    ) + "\n",
  );
  await Deno.rename(directory, `${place.dataDir}/episodes/${id}`);
  return { id, pid: child.pid, samples, systemCalls };
}

/** Is strace here, and may it trace? (Some containers forbid ptrace.) */
async function canTrace(): Promise<boolean> {
  try {
    const { success } = await new Deno.Command("strace", {
      args: ["-D", "-o", "/dev/null", "true"],
      stdout: "null",
      stderr: "null",
    }).output();
    return success;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

/** The detached tracer may still write when the program has ended: waits until the log rests. */
async function countLines(path: string): Promise<number> {
  let text = "";
  for (let looks = 0; looks < 20; looks++) {
    const next = await Deno.readTextFile(path);
    if (next !== "" && next === text) break;
    text = next;
    await new Promise((done) => setTimeout(done, 100));
  }
  return text.split("\n").length - 1;
}
