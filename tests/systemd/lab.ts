/**
 * Hosts with a systemd of their own, in namespaces of this machine: its packages are there, its disk is never written.
 * A host that a test leaves behind is found and removed by the next {@link bootHost}.
 *
 *     await using host = await bootHost({ name: "lab-1" });
 *     await host.run(["systemctl", "start", "cis490-shipper"]);
 */

const SCRIPTS = new URL(".", import.meta.url).pathname;
const STATES = "/tmp/cis490-lab";

export interface HostOptions {
  /** Its host name: `[a-z0-9-]+`. */
  readonly name: string;
  /** The disk is an ext4 image of so many MiB; a tmpfs unless said. */
  readonly diskMb?: number;
}

/** How a command ended. */
export interface Said {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  /** As this user of the host; root unless said. */
  readonly user?: string;
  readonly stdin?: string;
  /** Whatever exit code: without it, another than 0 throws. */
  readonly anyCode?: boolean;
}

export interface Host extends AsyncDisposable {
  readonly name: string;
  /** Its directory on the outer machine; the scripts beside this file say what is in it. */
  readonly state: string;
  /** The pid of its PID 1, as the outer machine counts. */
  readonly pid: number;
  /** Runs a command; a string is one for bash. Throws when it fails, unless told otherwise. */
  run(command: string | readonly string[], options?: RunOptions): Promise<Said>;
  /** Writes a file, its directories too. */
  write(path: string, text: string, mode?: number): Promise<void>;
  /** Copies a file or directory of the outer machine to `directory`, under its own name. */
  put(outer: string, directory: string): Promise<void>;
  /** Copies a file or directory of the host into a directory of the outer machine. */
  get(path: string, outerDirectory: string): Promise<void>;
  /** The power goes. Its disk stays as the page cache has it. */
  powerCut(): Promise<void>;
  /** Stops its units, as `poweroff` does, and waits for it. */
  shutdown(): Promise<void>;
  /** Boots it after {@link powerCut} or {@link shutdown}. */
  boot(): Promise<void>;
  /** {@link shutdown} and {@link boot}. */
  reboot(): Promise<void>;
  /** Removes all of it. */
  [Symbol.asyncDispose](): Promise<void>;
}

const HOSTS = `127.0.0.1 localhost
::1 localhost
10.77.0.1 lab
10.77.0.2 pi
`;

/** Boots a new host with an empty queue of units. Throws what its boot said when it does not come up. */
export async function bootHost(options: HostOptions): Promise<Host> {
  if (!/^[a-z0-9-]+$/.test(options.name)) throw new RangeError(`${options.name} is no host name`);
  await Deno.mkdir(STATES, { recursive: true });
  await script("end.sh", ["sweep", STATES]);
  const state = await Deno.makeTempDir({ dir: STATES, prefix: `${options.name}.` });
  // The owner first: what has one is never swept while it lives.
  await Deno.writeTextFile(`${state}/owner`, `${Deno.pid} ${await startTime(Deno.pid)}\n`);
  await Deno.writeTextFile(`${state}/name`, `${options.name}\n`);
  await Deno.writeTextFile(`${state}/hosts`, `${HOSTS}127.0.1.1 ${options.name}\n`);
  if (options.diskMb !== undefined) {
    await Deno.writeTextFile(`${state}/disk_mb`, `${options.diskMb}`);
  }
  const host = new NamespaceHost(options.name, state);
  try {
    await host.boot();
    return host;
  } catch (error) {
    await host[Symbol.asyncDispose]();
    throw error;
  }
}

class NamespaceHost implements Host {
  #pid = 0;

  constructor(readonly name: string, readonly state: string) {}

  get pid(): number {
    return this.#pid;
  }

  async boot(): Promise<void> {
    await script("boot.sh", [this.state]);
    this.#pid = Number(await Deno.readTextFile(`${this.state}/pid`));
  }

  async run(command: string | readonly string[], options: RunOptions = {}): Promise<Said> {
    const words = typeof command === "string" ? ["bash", "-c", command] : command;
    const asUser = options.user === undefined ? [] : ["runuser", "-u", options.user, "--"];
    const stdin = new TextEncoder().encode(options.stdin ?? "");
    const said = await exec(`${SCRIPTS}/enter.sh`, [this.state, ...asUser, ...words], stdin);
    if (said.code !== 0 && options.anyCode !== true) {
      throw new Error(
        `${this.name}: ${words.join(" ")}: exit ${said.code}\n${said.stdout}${said.stderr}`,
      );
    }
    return said;
  }

  async write(path: string, text: string, mode = 0o644): Promise<void> {
    const line = `install -D -m ${mode.toString(8)} /dev/stdin "$1"`;
    await this.run(["bash", "-c", line, "write", path], { stdin: text });
  }

  async put(outer: string, directory: string): Promise<void> {
    const { parent, name } = split(outer);
    const line = `set -o pipefail; tar -C "$1" -c -- "$2" | "$3"/enter.sh "$4" ` +
      `bash -c 'mkdir -p -- "$0" && tar -C "$0" -x --no-same-owner' "$5"`;
    await must("bash", ["-c", line, "put", parent, name, SCRIPTS, this.state, directory]);
  }

  async get(path: string, outerDirectory: string): Promise<void> {
    const { parent, name } = split(path);
    const line = `set -o pipefail; "$1"/enter.sh "$2" tar -C "$3" -c -- "$4" | tar -C "$5" -x`;
    await must("bash", ["-c", line, "get", SCRIPTS, this.state, parent, name, outerDirectory]);
  }

  async powerCut(): Promise<void> {
    await script("end.sh", ["power-cut", this.state]);
  }

  async shutdown(): Promise<void> {
    await script("end.sh", ["shutdown", this.state]);
  }

  async reboot(): Promise<void> {
    await this.shutdown();
    await this.boot();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await script("end.sh", ["remove", this.state]);
  }
}

/** Runs one of the scripts of the lab. Throws what it said when it fails. */
async function script(name: string, args: readonly string[]): Promise<void> {
  await must(`${SCRIPTS}/${name}`, args);
}

/** Runs a command of the outer machine. Throws when it fails. */
export async function must(command: string, args: readonly string[]): Promise<Said> {
  const said = await exec(command, args, new Uint8Array());
  if (said.code === 0) return said;
  throw new Error(`${command} ${args.join(" ")}: exit ${said.code}\n${said.stdout}${said.stderr}`);
}

async function exec(
  command: string,
  args: readonly string[],
  stdin: Uint8Array<ArrayBuffer>,
): Promise<Said> {
  const child = new Deno.Command(command, {
    args: [...args],
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const writer = child.stdin.getWriter();
  // A command that reads nothing closes its end.
  const written = writer.write(stdin).then(() => writer.close()).catch(() => {});
  const { code, stdout, stderr } = await child.output();
  await written;
  const decoder = new TextDecoder();
  return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}

function split(path: string): { readonly parent: string; readonly name: string } {
  const slash = path.lastIndexOf("/");
  return { parent: path.slice(0, slash) || "/", name: path.slice(slash + 1) };
}

/** Clock ticks after boot: with it a pid is no other process's (proc(5), stat, field 22). */
export async function startTime(pid: number): Promise<string> {
  const stat = await Deno.readTextFile(`/proc/${pid}/stat`);
  return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19] ?? "";
}
