/** A server that runs in the background while a sender is measured. */
import { cpuSecondsOf, peakRssBytesOf } from "./measure.ts";

const START_MS = 20_000;
const END_MS = 20_000;

export interface ServerOptions {
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Where it listens: `127.0.0.1:PORT`, or the path of a socket. */
  readonly listen: string;
  /** A file for what it says. */
  readonly log: string;
}

export class Server implements AsyncDisposable {
  #cpuBeforeS = 0;

  private constructor(private readonly child: Deno.ChildProcess) {}

  /** Returns once it listens. */
  static async start({ args, env = {}, listen, log }: ServerOptions): Promise<Server> {
    const child = new Deno.Command("sh", {
      args: ["-c", `exec "$@" >> "$CIS490_BENCH_LOG" 2>&1`, "sh", ...args],
      env: { ...env, CIS490_BENCH_LOG: log },
      stdin: "null",
    }).spawn();
    const server = new Server(child);
    for (const end = performance.now() + START_MS; performance.now() < end;) {
      try {
        (await connect(listen)).close();
        return server;
      } catch {
        await new Promise((done) => setTimeout(done, 20));
      }
    }
    await server[Symbol.asyncDispose]();
    throw new Error(`${args[0]} does not listen on ${listen}: ${await Deno.readTextFile(log)}`);
  }

  /** From here on its CPU counts. */
  begin(): void {
    this.#cpuBeforeS = cpuSecondsOf(this.child.pid);
  }

  get cpuS(): number {
    return cpuSecondsOf(this.child.pid) - this.#cpuBeforeS;
  }

  get peakRssBytes(): number {
    return peakRssBytesOf(this.child.pid);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const signal = (name: Deno.Signal) => {
      try {
        this.child.kill(name);
      } catch {
        // It has ended.
      }
    };
    signal("SIGTERM");
    const limit = setTimeout(() => signal("SIGKILL"), END_MS);
    await this.child.status;
    clearTimeout(limit);
  }
}

function connect(listen: string): Promise<Deno.Conn> {
  if (listen.startsWith("/")) return Deno.connect({ transport: "unix", path: listen });
  const [hostname = "", port] = listen.split(":");
  return Deno.connect({ hostname, port: Number(port) });
}
