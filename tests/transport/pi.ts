/** The receiver's end: the compiled receiver with its store, tokens and repository, on a unix socket or TCP. */
import { commit } from "../e2e/lab.ts";
import { runBinary } from "./lab_host.ts";
import { type ProcessOptions, TestProcess } from "./process.ts";

export interface PiOptions extends ProcessOptions {
  /** `HOST:PORT`; a unix socket, with the proxy's word for who asks, unless said. */
  readonly listen?: string;
}

export class Pi implements AsyncDisposable {
  #receiver: TestProcess | undefined;

  private constructor(
    readonly root: string,
    /** Accepted by it. */
    readonly stamp: string,
    private readonly options: PiOptions,
  ) {}

  static async start(options: PiOptions = {}): Promise<Pi> {
    const root = await Deno.makeTempDir({ prefix: "cis490-pi-" });
    await Deno.mkdir(`${root}/code`);
    await Deno.mkdir(`${root}/store`);
    const pi = new Pi(root, await commit(`${root}/code`), options);
    const { listen } = options;
    await Deno.writeTextFile(
      pi.config,
      `listen = "${listen ?? `unix:${pi.socket}`}"
store_dir = "${root}/store"
tokens_file = "${root}/tokens.toml"
proxy_identity = ${listen === undefined}
[window]
local_repo_path = "${root}/code"
[limits]
min_free_mb = 16
`,
    );
    await pi.run();
    return pi;
  }

  get config(): string {
    return `${this.root}/receiver.toml`;
  }
  get socket(): string {
    return `${this.root}/receive.sock`;
  }
  get log(): string {
    return this.#receiver?.log ?? "";
  }

  async run(): Promise<void> {
    this.#receiver = TestProcess.spawn(["receive", "--config", this.config], this.options);
    await this.#receiver.until(/event=receiver-started/, 20_000);
  }

  /** Has it read its configuration again. */
  async reload(): Promise<void> {
    const times = (this.#receiver?.count(/event=reload/) ?? 0) + 1;
    this.#receiver?.signal("SIGHUP");
    await this.#receiver?.until(/event=reload/, 20_000, times);
  }

  async stop(signal: Deno.Signal = "SIGTERM"): Promise<void> {
    await this.#receiver?.end(signal);
  }

  /** A new token of `host`. */
  async token(host: string): Promise<string> {
    const { stdout } = await runBinary(["receive", "token", "add", host, "--config", this.config]);
    return stdout.trim();
  }

  /** The ids of `host` that are stored, each with its receipt. */
  async receipts(host: string): Promise<Map<string, string>> {
    const receipts = new Map<string, string>();
    const directory = `${this.root}/store/episodes/${host}`;
    const entries = await Array.fromAsync(Deno.readDir(directory)).catch(() => []);
    for (const { name } of entries) {
      if (!name.endsWith(".json")) continue;
      receipts.set(name.slice(0, -5), await Deno.readTextFile(`${directory}/${name}`));
    }
    return receipts;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    await Deno.remove(this.root, { recursive: true });
  }
}
