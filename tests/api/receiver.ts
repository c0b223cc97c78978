/** A real receiver process, from source or compiled, on loopback or a unix socket, with a store and a repository of its own. */
import { type Address, type Answer, type Ask, ask } from "./http.ts";

const MAIN = new URL("../../main.ts", import.meta.url).pathname;
const FROM_SOURCE = [Deno.execPath(), "run", "-A", "--no-check", MAIN];
const COMPILED = [new URL("../../dist/cis490", import.meta.url).pathname];
const START_MS = 20_000;

export interface ReceiverSettings {
  /** Lines of the top of receiver.toml. `listen`, `store_dir`, `tokens_file` are set already. */
  readonly top?: string;
  /** Lines of its tables. */
  readonly tables?: string;
  readonly listen?: "tcp" | "unix";
  /** Runs dist/cis490, as it is installed, with the rights that it was built with. */
  readonly isCompiled?: boolean;
  /** What starts it: `prlimit --nofile=128`, for example. */
  readonly under?: readonly string[];
  /** A directory that stands for the store's disk. */
  readonly storeDir?: string;
}

export class TestReceiver implements AsyncDisposable {
  #process: Deno.ChildProcess | undefined;
  #address: Address | undefined;
  #log = "";
  #logEnded: Promise<void> = Promise.resolve();

  private constructor(
    readonly root: string,
    /** Accepted by it, newest first. */
    readonly stamps: readonly string[],
    readonly storeDir: string,
    private readonly settings: ReceiverSettings,
  ) {}

  static async start(settings: ReceiverSettings = {}): Promise<TestReceiver> {
    const root = await Deno.makeTempDir({ prefix: "cis490-api-" });
    const stamps = await makeRepository(`${root}/repository`);
    const receiver = new TestReceiver(root, stamps, settings.storeDir ?? `${root}/store`, settings);
    const listen = settings.listen === "unix" ? `unix:${root}/receive.sock` : "127.0.0.1:0";
    await Deno.writeTextFile(
      receiver.configFile,
      `listen = "${listen}"
store_dir = "${receiver.storeDir}"
tokens_file = "${root}/tokens.toml"
${settings.top ?? "proxy_identity = false"}
[window]
local_repo_path = "${root}/repository"
${settings.tables ?? ""}
`,
    );
    try {
      await receiver.run();
    } catch (error) {
      await receiver[Symbol.asyncDispose]();
      throw error;
    }
    return receiver;
  }

  get configFile(): string {
    return `${this.root}/receiver.toml`;
  }
  get stamp(): string {
    return this.stamps[0] ?? "";
  }
  get address(): Address {
    if (this.#address === undefined) throw new Error("the receiver does not run");
    return this.#address;
  }
  /** What it has logged. */
  get log(): string {
    return this.#log;
  }
  get #program(): readonly string[] {
    return this.settings.isCompiled ? COMPILED : FROM_SOURCE;
  }
  get pid(): number {
    return this.#process?.pid ?? -1;
  }

  /** Runs `cis490 receive token add`; the token. */
  async token(host: string): Promise<string> {
    return (await this.command("receive", "token", "add", host)).stdout.trim();
  }

  async command(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
    const [program = "", ...flags] = this.#program;
    const output = await new Deno.Command(program, {
      args: [...flags, ...args, "--config", this.configFile],
      stdin: "null",
    }).output();
    const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
    return { code: output.code, stdout: text(output.stdout), stderr: text(output.stderr) };
  }

  ask(what: Ask, token?: string): Promise<Answer> {
    const authorization = token === undefined ? {} : { authorization: `Bearer ${token}` };
    return ask(this.address, { ...what, headers: { ...authorization, ...what.headers } });
  }

  /** Starts the process and waits until it listens. */
  async run(): Promise<void> {
    this.#log = "";
    // The last words of a process before it may have come after its end was asked for.
    this.#address = undefined;
    const [program = "", ...flags] = [...this.settings.under ?? [], ...this.#program];
    this.#process = new Deno.Command(program, {
      args: [...flags, "receive", "--config", this.configFile],
      stdin: "null",
      stdout: "null",
      stderr: "piped",
    }).spawn();
    const started = Promise.withResolvers<void>();
    this.#logEnded = this.#readLog(this.#process.stderr, started.resolve)
      .then(() => started.reject(new Error(`the receiver ended: ${this.#log}`)));
    this.#logEnded.catch(() => {});
    const timer = setTimeout(
      () => started.reject(new Error(`the receiver does not start: ${this.#log}`)),
      START_MS,
    );
    await started.promise.finally(() => clearTimeout(timer));
  }

  /** Its resident memory, now or at its most (proc_pid_status(5)). */
  rssBytes(which: "VmRSS" | "VmHWM" = "VmRSS"): number {
    const status = Deno.readTextFileSync(`/proc/${this.pid}/status`);
    const kib = new RegExp(`^${which}:\\s+(\\d+) kB$`, "m").exec(status)?.[1];
    return Number(kib) * 1024;
  }

  /** Ends it by this signal; its exit code, or undefined when the signal killed it. */
  async end(signal: Deno.Signal = "SIGTERM"): Promise<number | undefined> {
    const process = this.#process;
    if (process === undefined) return undefined;
    this.#process = this.#address = undefined;
    try {
      process.kill(signal);
    } catch (error) {
      // It has ended by itself.
      if (!(error instanceof TypeError)) throw error;
    }
    const status = await process.status;
    await this.#logEnded.catch(() => {});
    return status.signal === null ? status.code : undefined;
  }

  /** Ends it without a warning, and starts it again. */
  async crashAndRun(): Promise<void> {
    await this.end("SIGKILL");
    await this.run();
  }

  /** Starts it again with nothing from which it could know a window. */
  async runWithoutWindow(): Promise<void> {
    await this.end("SIGKILL");
    await Deno.remove(`${this.root}/repository/.git`, { recursive: true });
    await Deno.remove(`${this.storeDir}/window.json`).catch((error) => {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    });
    await this.run();
  }

  /** The files of episodes and uploads in its store, by their paths in it. */
  files(): string[] {
    const found: string[] = [];
    const walk = (directory: string) => {
      for (const entry of Deno.readDirSync(`${this.storeDir}/${directory}`)) {
        const path = `${directory}/${entry.name}`;
        if (entry.isDirectory) walk(path);
        else if (!path.startsWith("uploads/probe~")) found.push(path);
      }
    };
    walk("episodes");
    walk("uploads");
    return found.sort();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.end();
    await Deno.remove(this.root, { recursive: true });
  }

  async #readLog(stderr: ReadableStream<Uint8Array>, listening: () => void): Promise<void> {
    for await (const text of stderr.pipeThrough(new TextDecoderStream())) {
      this.#log += text;
      const listen = / listen=(\S+)\n/.exec(this.#log)?.[1];
      if (listen === undefined || this.#address !== undefined) continue;
      this.#address = listen.startsWith("unix:")
        ? { transport: "unix", path: listen.slice("unix:".length) }
        : { transport: "tcp", hostname: "127.0.0.1", port: Number(listen.split(":").at(-1)) };
      listening();
    }
  }
}

async function makeRepository(directory: string): Promise<string[]> {
  await Deno.mkdir(directory);
  await git(directory, "init", "-q", "-b", "main");
  return [await commit(directory)];
}

/** A new commit in the repository; its stamp. */
export async function commit(directory: string): Promise<string> {
  await git(directory, "commit", "-q", "--allow-empty", "-m", "lab code");
  return (await git(directory, "rev-parse", "HEAD")).trim();
}

async function git(directory: string, ...args: string[]): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command("git", {
    args: ["-C", directory, "-c", "user.name=lab", "-c", "user.email=lab@example.com", ...args],
    env: { GIT_CONFIG_GLOBAL: "/dev/null", GIT_CONFIG_NOSYSTEM: "1" },
  }).output();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
  return new TextDecoder().decode(stdout);
}
