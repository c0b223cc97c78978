/** Another program, run to its end as a parameter: with a clean environment, a time-out and bounded output. */

/** What is to be run. */
export interface Program {
  readonly name: string;
  readonly args: readonly string[];
  /** The whole environment besides PATH: nothing is inherited. */
  readonly env: Readonly<Record<string, string>>;
  /** After so long it is killed. */
  readonly timeoutMs: number;
  /** So much of each stream is kept, from its start; 1 MiB unless said. */
  readonly outputLimitBytes?: number;
}

/** How it ended: its exit code, and the start of each stream. */
export interface ProgramEnd {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program. Throws {@link ProgramError} when it could not be started, or was killed. */
export type RunProgram = (program: Program, signal?: AbortSignal) => Promise<ProgramEnd>;

export class ProgramError extends Error {
  override readonly name = "ProgramError";

  constructor(
    /** `missing`: not found or not executable. `killed`: by its time-out, or by a signal. */
    readonly code: "missing" | "killed",
    readonly subject: string,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

const PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
const OUTPUT_LIMIT_BYTES = 1024 * 1024;

/** Runs a program of this machine. */
export const runProgram: RunProgram = async (program, signal) => {
  const { name, args, env, timeoutMs, outputLimitBytes = OUTPUT_LIMIT_BYTES } = program;
  const deadline = AbortSignal.timeout(timeoutMs);
  let child: Deno.ChildProcess;
  try {
    child = new Deno.Command(name, {
      args: [...args],
      clearEnv: true,
      env: { ...env, PATH },
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
      signal: signal === undefined ? deadline : AbortSignal.any([signal, deadline]),
    }).spawn();
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.PermissionDenied) {
      throw new ProgramError("missing", name, `${name} is not installed`, { cause: error });
    }
    throw error;
  }
  const [status, stdout, stderr] = await Promise.all([
    child.status,
    readStart(child.stdout, outputLimitBytes),
    readStart(child.stderr, outputLimitBytes),
  ]);
  if (status.signal !== null) {
    const why = deadline.aborted ? `gave no answer in ${timeoutMs / 1000} s` : "was killed";
    throw new ProgramError("killed", name, `${name} ${why}`);
  }
  return { code: status.code, stdout, stderr };
};

/** Reads to the end, so that the program never blocks on a full pipe, and keeps the start. */
async function readStart(stream: ReadableStream<Uint8Array>, limitBytes: number): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const chunk of stream) {
    if (text.length < limitBytes) text += decoder.decode(chunk, { stream: true });
  }
  return text.slice(0, limitBytes);
}
