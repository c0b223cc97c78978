/** A lab host and a receiver on loopback, both the compiled binary, in one temporary folder. */
import { fileURLToPath } from "node:url";

export const BINARY = fileURLToPath(new URL("../../dist/cis490", import.meta.url));

const HOST = "lab-host-01";
const START_MS = 20_000;

export interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
  /** VmHWM, the most memory that it ever had resident. */
  readonly peakRssBytes: number;
}

export class Lab implements AsyncDisposable {
  #receiver: Deno.ChildProcess | undefined;
  #receiverLog: Promise<void> = Promise.resolve();

  private constructor(
    readonly root: string,
    readonly stamp: string,
    private readonly port: number,
  ) {}

  /** `queue` and `limits` are lines for these tables of the two configurations. */
  static async start(settings: { queue?: string; limits?: string } = {}): Promise<Lab> {
    const root = await Deno.makeTempDir({ prefix: "cis490-e2e-" });
    for (const directory of ["code", "data/episodes", "store"]) {
      await Deno.mkdir(`${root}/${directory}`, { recursive: true });
    }
    const stamp = await commit(`${root}/code`);
    const lab = new Lab(root, stamp, freePort());
    await Deno.writeTextFile(
      lab.receiverConfig,
      `listen = "127.0.0.1:${lab.port}"
store_dir = "${root}/store"
tokens_file = "${root}/tokens.toml"
proxy_identity = false
[window]
local_repo_path = "${root}/code"
[limits]
min_free_mb = 16
${settings.limits ?? ""}
`,
    );
    await Deno.writeTextFile(
      lab.hostConfig,
      `host_id = "${HOST}"
data_dir = "${root}/data"
[receiver]
url = "http://127.0.0.1:${lab.port}"
token_file = "${root}/token"
[queue]
settle_s = 0
min_free_mb = 16
${settings.queue ?? ""}
`,
    );
    const token = await lab.run(["receive", "token", "add", HOST, "--config", lab.receiverConfig]);
    await Deno.writeTextFile(`${root}/token`, token.stdout);
    await lab.startReceiver();
    return lab;
  }

  get receiverConfig(): string {
    return `${this.root}/receiver.toml`;
  }
  get hostConfig(): string {
    return `${this.root}/lab-host.toml`;
  }
  /** Where the receiver keeps the archives. */
  get stored(): string {
    return `${this.root}/store/episodes/${HOST}`;
  }
  episode(id: string): string {
    return `${this.root}/data/episodes/${id}`;
  }
  shipped(id: string): string {
    return `${this.root}/data/shipped/${id}`;
  }
  quarantined(id: string): string {
    return `${this.root}/data/quarantine/${id}`;
  }

  /** Makes an episode with a meta.json and whatever `fill` puts into its directory. */
  async record(
    id: string,
    fill: (directory: string) => Promise<void> | void = () => {},
    meta: unknown = { code_version: { commit: this.stamp } },
  ): Promise<void> {
    const directory = `${this.root}/recording-${id}`;
    await Deno.mkdir(directory);
    await fill(directory);
    await Deno.writeTextFile(`${directory}/meta.json`, JSON.stringify(meta));
    await Deno.rename(directory, this.episode(id));
  }

  ship(...args: string[]): Promise<Ended> {
    return this.run(["ship", "--once", "--config", this.hostConfig, ...args]);
  }

  async run(args: readonly string[]): Promise<Ended> {
    const child = new Deno.Command(BINARY, {
      args: [...args],
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    let peakRssBytes = 0;
    const look = setInterval(() => peakRssBytes = readPeakRss(child.pid) ?? peakRssBytes, 20);
    const output = await child.output();
    clearInterval(look);
    const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
    return {
      code: output.code,
      stdout: text(output.stdout),
      stderr: text(output.stderr),
      peakRssBytes,
    };
  }

  async startReceiver(): Promise<void> {
    this.#receiver = new Deno.Command(BINARY, {
      args: ["receive", "--config", this.receiverConfig],
      stdin: "null",
      stdout: "null",
      stderr: "piped",
    }).spawn();
    const log = await Deno.open(`${this.root}/receiver.log`, { append: true, create: true });
    this.#receiverLog = this.#receiver.stderr.pipeTo(log.writable);
    for (const end = Date.now() + START_MS; Date.now() < end;) {
      const answer = await fetch(`http://127.0.0.1:${this.port}/healthz`).catch(() => undefined);
      await answer?.body?.cancel();
      if (answer?.ok) return;
      await new Promise((done) => setTimeout(done, 50));
    }
    throw new Error(`the receiver does not answer: ${await this.receiverLog()}`);
  }

  async stopReceiver(signal: Deno.Signal = "SIGTERM"): Promise<void> {
    this.#receiver?.kill(signal);
    await this.#receiver?.status;
    await this.#receiverLog;
    this.#receiver = undefined;
  }

  receiverLog(): Promise<string> {
    return Deno.readTextFile(`${this.root}/receiver.log`);
  }

  /** What the receiver has taken of the processors since its start. */
  receiverCpuMs(): number {
    return readCpuMs(this.#receiver?.pid ?? -1);
  }

  receiverPeakRssBytes(): number {
    return readPeakRss(this.#receiver?.pid ?? -1) ?? 0;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stopReceiver();
    await Deno.remove(this.root, { recursive: true });
  }
}

/** Makes a repository with one commit if there is none, else one more; the commit. */
export async function commit(directory: string): Promise<string> {
  await shell(
    `git -C "$1" rev-parse --git-dir >/dev/null 2>&1 || git -C "$1" init -q -b main
     git -C "$1" -c user.name=lab -c user.email=lab@localhost commit -q --allow-empty -m code`,
    directory,
  );
  return (await shell(`git -C "$1" rev-parse HEAD`, directory)).trim();
}

/** Runs a line of bash, with `args` as $1 and so on; its stdout. Throws when it fails. */
export async function shell(line: string, ...args: string[]): Promise<string> {
  const output = await new Deno.Command("bash", {
    args: ["-euo", "pipefail", "-c", line, "bash", ...args],
    stdin: "null",
  }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  if (!output.success) throw new Error(`${line}: ${text(output.stderr)}`);
  return text(output.stdout);
}

function freePort(): number {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  listener.close();
  return port;
}

function readPeakRss(pid: number): number | undefined {
  try {
    const kib = /^VmHWM:\s+(\d+) kB$/m.exec(Deno.readTextFileSync(`/proc/${pid}/status`))?.[1];
    return kib === undefined ? undefined : Number(kib) * 1024;
  } catch {
    return undefined;
  }
}

/** proc_pid_stat(5): utime and stime, in ticks of 10 ms. */
function readCpuMs(pid: number): number {
  const [, afterName = ""] = Deno.readTextFileSync(`/proc/${pid}/stat`).split(") ");
  const [utime, stime] = afterName.split(" ").slice(11, 13).map(Number);
  return ((utime ?? NaN) + (stime ?? NaN)) * 10;
}
