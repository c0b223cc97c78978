/** The lab host's end: a queue, a configuration and the compiled shipper. */
import { BINARY } from "../e2e/lab.ts";
import type { Leaf } from "../tls/pki.ts";
import { type ProcessOptions, TestProcess } from "./process.ts";

export interface LabHostOptions {
  readonly url: string;
  readonly token: string;
  /** Of the episodes that it records. */
  readonly stamp: string;
  readonly name?: string;
  /** Paths for mutual TLS. */
  readonly certificates?: Leaf & { readonly ca: string };
  /** Lines of [transport]. */
  readonly transport?: string;
}

export interface Said {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export class LabHost implements AsyncDisposable {
  private constructor(
    readonly root: string,
    readonly name: string,
    private readonly stamp: string,
  ) {}

  static async create(options: LabHostOptions): Promise<LabHost> {
    const root = await Deno.makeTempDir({ prefix: "cis490-lab-host-" });
    const host = new LabHost(root, options.name ?? "lab-host-01", options.stamp);
    await Deno.mkdir(`${root}/data/episodes`, { recursive: true });
    await host.setToken(options.token);
    const { url, certificates: files } = options;
    await Deno.writeTextFile(
      host.config,
      `host_id = "${host.name}"
data_dir = "${root}/data"
[receiver]
url = "${url}"
token_file = "${root}/token"
${url.startsWith("http:") ? "insecure = true" : ""}
${
        files === undefined ? "" : `ca_bundle = "${files.ca}"
client_cert = "${files.cert}"
client_key = "${files.key}"`
      }
[queue]
settle_s = 0
scan_interval_s = 1
min_free_mb = 16
[transport]
${options.transport ?? ""}
`,
    );
    return host;
  }

  get config(): string {
    return `${this.root}/lab-host.toml`;
  }
  /** The ids that are waiting, sorted. */
  get waiting(): string[] {
    return names(`${this.root}/data/episodes`);
  }
  /** The ids that were shipped and have left the queue, sorted. */
  get shipped(): string[] {
    const waiting = new Set(this.waiting);
    return names(`${this.root}/data/shipped`).filter((id) => !waiting.has(id));
  }
  receipt(id: string): Promise<string> {
    return Deno.readTextFile(`${this.root}/data/shipped/${id}/receipt.json`);
  }
  setToken(token: string): Promise<void> {
    return Deno.writeTextFile(`${this.root}/token`, `${token}\n`);
  }

  /** An episode with so many random bytes. */
  async record(id: string, bytes = 100): Promise<void> {
    const directory = `${this.root}/recording-${id}`;
    await Deno.mkdir(directory);
    const meta = JSON.stringify({ code_version: { commit: this.stamp } });
    await Deno.writeTextFile(`${directory}/meta.json`, meta);
    using file = await Deno.create(`${directory}/noise.bin`);
    const block = new Uint8Array(65_536);
    for (let left = bytes; left > 0; left -= block.byteLength) {
      crypto.getRandomValues(block);
      file.writeSync(block.subarray(0, left));
    }
    await Deno.rename(directory, `${this.root}/data/episodes/${id}`);
  }

  run(command: string, ...args: string[]): Promise<Said> {
    return runBinary([command, ...args, "--config", this.config]);
  }
  /** `ship --daemon`. */
  daemon(options?: ProcessOptions): TestProcess {
    return TestProcess.spawn(["ship", "--daemon", "--config", this.config], options);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.root, { recursive: true });
  }
}

export async function runBinary(args: readonly string[]): Promise<Said> {
  const output = await new Deno.Command(BINARY, { args: [...args], stdin: "null" }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code: output.code, stdout: text(output.stdout), stderr: text(output.stderr) };
}

function names(directory: string): string[] {
  try {
    return [...Deno.readDirSync(directory)].map(({ name }) => name).sort();
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
}
