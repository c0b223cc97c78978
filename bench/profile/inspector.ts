/** A CPU profile through V8's inspector, of a program and of its workers. */

/** What is used of a profile of the Chrome DevTools Protocol, domain Profiler. */
export interface CpuProfile {
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: {
      readonly functionName: string;
      readonly url: string;
      readonly lineNumber: number;
    };
  }[];
  readonly samples: readonly number[];
  /** Microseconds before each sample. */
  readonly timeDeltas: readonly number[];
}

const START_MS = 20_000;

/** Profiles the main isolate that listens for inspectors on `port`, from now on. */
export class Profiling {
  #number = 0;
  readonly #answers = new Map<number, (result: unknown) => void>();

  private constructor(private readonly socket: WebSocket) {
    socket.onmessage = ({ data }: MessageEvent<string>) => {
      const message: { id?: number; result?: unknown } = JSON.parse(data);
      if (message.id !== undefined) this.#answers.get(message.id)?.(message.result);
    };
  }

  static async start(port: number): Promise<Profiling> {
    const socket = new WebSocket(await findTarget(port));
    await new Promise<void>((resolve, reject) => {
      socket.onopen = () => resolve();
      socket.onerror = () => reject(new Error(`no inspector on port ${port}`));
    });
    const profiling = new Profiling(socket);
    await profiling.#ask("Profiler.enable");
    await profiling.#ask("Profiler.setSamplingInterval", { interval: 500 });
    await profiling.#ask("Profiler.start");
    return profiling;
  }

  async stop(): Promise<CpuProfile> {
    const { profile } = await this.#ask("Profiler.stop") as { readonly profile: CpuProfile };
    this.socket.close();
    return profile;
  }

  #ask(method: string, params: Readonly<Record<string, unknown>> = {}): Promise<unknown> {
    const id = ++this.#number;
    return new Promise((resolve) => {
      this.#answers.set(id, resolve);
      this.socket.send(JSON.stringify({ id, method, params }));
    });
  }
}

async function findTarget(port: number): Promise<string> {
  for (const end = performance.now() + START_MS; performance.now() < end;) {
    try {
      const answer = await fetch(`http://127.0.0.1:${port}/json/list`);
      const [first]: { webSocketDebuggerUrl: string }[] = await answer.json();
      if (first !== undefined) return first.webSocketDebuggerUrl;
    } catch {
      // Not there yet.
    }
    await new Promise((done) => setTimeout(done, 20));
  }
  throw new Error(`no inspector on port ${port}`);
}

/** The functions that took most time by themselves: milliseconds and where they are. */
export function selfTimes(profile: CpuProfile, most: number): string[] {
  const names = new Map(profile.nodes.map(({ id, callFrame }) => {
    const { functionName, url, lineNumber } = callFrame;
    const file = url.replace(/^file:\/\/.*?\/(?=lib\/|cmd\/|main)/, "");
    return [
      id,
      `${functionName || "(anonymous)"}  ${file}${file === "" ? "" : `:${lineNumber + 1}`}`,
    ];
  }));
  const times = new Map<string, number>();
  for (const [at, id] of profile.samples.entries()) {
    const name = names.get(id) ?? "?";
    times.set(name, (times.get(name) ?? 0) + (profile.timeDeltas[at] ?? 0) / 1000);
  }
  return [...times].toSorted(([, a], [, b]) => b - a).slice(0, most)
    .map(([name, ms]) => `${ms.toFixed(0).padStart(8)} ms  ${name}`);
}
