/**
 * The bash of one session: commands go to one process, so that variables, the current directory and background jobs live on
 * from one to the next.
 */

const DECODER = new TextDecoder();
const ENCODER = new TextEncoder();

/** What one command did. */
export interface Result {
  readonly stdout: string;
  readonly stderr: string;
  readonly code: number;
}

/**
 * Runs the script in file N of the control directory in this very shell, then says so on descriptor 3, the pipe that the
 * runner reads. Background jobs get no copy of that pipe.
 */
const PRELUDE = `
exec 3>&1 1>/dev/null
__run() {
  eval "$(<"$__control/$1.sh")" >"$__control/$1.out" 2>"$__control/$1.err" </dev/null 3>&-
}
`;

/** One shell with a home, a working directory and an environment of its own. */
export class Shell {
  readonly #root: string;
  readonly #child: Deno.ChildProcess;
  readonly #input: WritableStreamDefaultWriter<Uint8Array>;
  readonly #said: AsyncIterator<string>;
  #count = 0;
  #late = false;

  private constructor(root: string, child: Deno.ChildProcess) {
    this.#root = root;
    this.#child = child;
    this.#input = child.stdin.getWriter();
    this.#said = lines(child.stdout)[Symbol.asyncIterator]();
  }

  /**
   * @param programs a directory that comes first on PATH
   * @param repository the checkout, which the session finds as $REPO
   */
  static async open(programs: string, repository: string): Promise<Shell> {
    const root = await Deno.makeTempDir({ prefix: "session-" });
    for (const name of ["work", "home", "control", "tmp"]) await Deno.mkdir(`${root}/${name}`);
    // A group of its own, so that what the session started can be ended with it.
    const child = new Deno.Command("setsid", {
      args: ["bash", "--noprofile", "--norc"],
      cwd: `${root}/work`,
      clearEnv: true,
      env: {
        PATH: `${programs}:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin`,
        HOME: `${root}/home`,
        TMPDIR: `${root}/tmp`,
        TZ: "UTC",
        LC_ALL: "C.UTF-8",
        REPO: repository,
        __control: `${root}/control`,
      },
      stdin: "piped",
      stdout: "piped",
      stderr: "inherit",
    }).spawn();
    const shell = new Shell(root, child);
    await shell.#send(PRELUDE);
    return shell;
  }

  /** @throws {Error} if the command takes longer than `limitMs`, or ends the shell */
  async run(script: string, limitMs: number): Promise<Result> {
    const name = `${this.#root}/control/${++this.#count}`;
    await Deno.writeTextFile(`${name}.sh`, script);
    await this.#send(`__run ${this.#count}; echo "$?" >&3`);
    let timer: number | undefined;
    const late = new Promise<never>((_, reject) => {
      const error = new Error(`no end within ${limitMs / 1000} s: ${script}`);
      timer = setTimeout(() => {
        this.#late = true;
        reject(error);
      }, limitMs);
    });
    try {
      const said = await Promise.race([this.#said.next(), late]);
      if (said.done) throw new Error(`it ended the session's shell: ${script}`);
      return {
        stdout: await Deno.readTextFile(`${name}.out`),
        stderr: await Deno.readTextFile(`${name}.err`),
        code: Number(said.value),
      };
    } finally {
      clearTimeout(timer);
    }
  }

  /** Ends whatever the session started, asking first, and removes its files. */
  async close(): Promise<void> {
    const group = -this.#child.pid;
    // Between commands the shell itself asks its group to end, and reaps; within one that hangs it is asked like the rest.
    if (this.#late) signal(group, "SIGTERM");
    else await this.#send("trap : TERM; kill 0; wait; exit");
    let timer: number | undefined;
    const enough = new Promise((resolve) => timer = setTimeout(resolve, 3000));
    await Promise.race([this.#child.status, enough]);
    clearTimeout(timer);
    signal(group, "SIGKILL");
    await this.#child.status;
    await this.#input.close().catch(() => {/* closed by the shell's end */});
    await this.#said.return?.();
    await Deno.remove(this.#root, { recursive: true });
  }

  async #send(line: string): Promise<void> {
    await this.#input.write(ENCODER.encode(`${line}\n`)).catch(() => {
      // The shell is gone: the reader of its answers notices, in run().
    });
  }
}

/** Sends a signal to a process group, if there is anything left to get it. */
function signal(group: number, name: Deno.Signal): void {
  try {
    Deno.kill(group, name);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

async function* lines(stream: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  let rest = "";
  for await (const bytes of stream) {
    const parts = (rest + DECODER.decode(bytes, { stream: true })).split("\n");
    rest = parts.pop() ?? "";
    yield* parts;
  }
}
