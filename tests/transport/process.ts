/** A process of the compiled binary that runs until a test ends it, and what it logs meanwhile. */
import { BINARY } from "../e2e/lab.ts";

export interface ProcessOptions {
  /** Put in front of the command: `ip netns exec NAME`. */
  readonly prefix?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

export class TestProcess implements AsyncDisposable {
  #log = "";
  readonly #changed = new EventTarget();
  readonly #logEnded: Promise<void>;
  #status: Deno.CommandStatus | undefined;

  private constructor(readonly child: Deno.ChildProcess) {
    this.#logEnded = this.#read();
    child.status.then((status) => this.#status = status);
  }

  static spawn(args: readonly string[], { prefix = [], env = {} }: ProcessOptions = {}) {
    const [command = "", ...rest] = [...prefix, BINARY, ...args];
    const options = { args: rest, env, stdin: "null", stdout: "null", stderr: "piped" } as const;
    return new TestProcess(new Deno.Command(command, options).spawn());
  }

  get log(): string {
    return this.#log;
  }
  /** Whether it has not ended. (`ip netns exec` becomes the program: the pid is the same.) */
  get runs(): boolean {
    return this.#status === undefined;
  }

  /** How often `pattern` is in the log. */
  count(pattern: RegExp): number {
    return [...this.#log.matchAll(new RegExp(pattern, "g"))].length;
  }

  /** Waits until `pattern` is in the log, `times` times. */
  async until(pattern: RegExp, ms: number, times = 1): Promise<void> {
    const end = performance.now() + ms;
    while (this.count(pattern) < times) {
      const left = end - performance.now();
      if (left <= 0 || !this.runs) {
        throw new Error(`no ${pattern} (${times}) within ${ms} ms in\n${this.#log.slice(-4000)}`);
      }
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, Math.min(left, 500));
        this.#changed.addEventListener("log", () => {
          clearTimeout(timer);
          resolve();
        }, { once: true });
      });
    }
  }

  signal(signal: Deno.Signal): void {
    this.child.kill(signal);
  }

  /** Ends it; its exit code, undefined when the signal killed it. */
  async end(signal: Deno.Signal = "SIGTERM"): Promise<number | undefined> {
    if (this.runs) this.child.kill(signal);
    const status = await this.child.status;
    await this.#logEnded;
    return status.signal === null ? status.code : undefined;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.end();
  }

  async #read(): Promise<void> {
    for await (const text of this.child.stderr.pipeThrough(new TextDecoderStream())) {
      this.#log += text;
      this.#changed.dispatchEvent(new Event("log"));
    }
  }
}
