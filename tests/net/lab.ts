/** A lab host and a Pi at the two ends of a cable, with a meter in front of the receiver and a watchdog on the shipper. */
import { fileURLToPath } from "node:url";
import { LabHost } from "../transport/lab_host.ts";
import { Pi } from "../transport/pi.ts";
import type { TestProcess } from "../transport/process.ts";
import { Cable, PI } from "./cable.ts";
import type { Begun } from "./meter.ts";

const METER = fileURLToPath(new URL("meter.ts", import.meta.url));
const NAME = "lab-host-01";
/** Whether what takes long is wanted too: `deno task test:net-long`. */
export const IS_LONG = Deno.args.includes("--long");

/** As the unit has it. */
const WATCHDOG_MS = 180_000;

export class NetLab implements AsyncDisposable {
  readonly begun: Begun[] = [];
  #beats: number[] = [];
  readonly #stack: AsyncDisposableStack;

  private constructor(
    readonly cable: Cable,
    readonly pi: Pi,
    readonly host: LabHost,
    readonly daemon: TestProcess,
    stack: AsyncDisposableStack,
  ) {
    this.#stack = stack;
  }

  /** `delayMs`: how long each byte is under way. */
  static async start(options: { delayMs?: number; transport?: string } = {}): Promise<NetLab> {
    await using stack = new AsyncDisposableStack();
    const cable = stack.use(await Cable.lay());
    const pi = stack.use(await Pi.start({ prefix: cable.at("pi"), listen: "127.0.0.1:8490" }));
    const meter = new Deno.Command("ip", {
      args: [
        ...cable.at("pi").slice(1),
        ...[Deno.execPath(), "run", "-A", METER, PI, "8443", "8490", `${options.delayMs ?? 0}`],
      ],
      stdin: "null",
      stdout: "piped",
    }).spawn();
    stack.defer(async () => {
      meter.kill();
      await meter.status;
    });
    const host = stack.use(
      await LabHost.create({
        url: `http://${PI}:8443`,
        token: await pi.token(NAME),
        stamp: pi.stamp,
        transport: options.transport ?? "",
      }),
    );
    const notify = `${host.root}/notify`;
    const socket = Deno.listenDatagram({ transport: "unixpacket", path: notify });
    stack.defer(() => socket.close());
    const lines = meter.stdout.pipeThrough(new TextDecoderStream());
    const ready = Promise.withResolvers<void>();
    const env = { NOTIFY_SOCKET: notify, WATCHDOG_USEC: `${WATCHDOG_MS * 1000}` };
    const daemon = stack.use(host.daemon({ prefix: cable.at("lab"), env }));
    const lab = new NetLab(cable, pi, host, daemon, stack.move());
    lab.#listen(socket);
    lab.#read(lines, ready.resolve);
    await ready.promise;
    return lab;
  }

  /** Waits until `id` is shipped; seconds since the call. */
  async arrives(id: string, limitMs: number): Promise<number> {
    const began = performance.now();
    while (!this.host.shipped.includes(id)) {
      if (performance.now() - began > limitMs || !this.daemon.runs) {
        throw new Error(`${id} is not there after ${limitMs} ms\n${this.daemon.log}`);
      }
      await new Promise((done) => setTimeout(done, 50));
    }
    if (!(await this.pi.receipts(NAME)).has(id)) throw new Error(`${id} has no receipt`);
    return (performance.now() - began) / 1000;
  }

  /** Waits for one more piece to begin; false after `ms`. */
  async nextPiece(ms: number): Promise<boolean> {
    const before = this.begun.length;
    const end = performance.now() + ms;
    while (this.begun.length === before) {
      if (performance.now() > end) return false;
      await new Promise((done) => setTimeout(done, 5));
    }
    return true;
  }

  /** The pieces that had to be sent again, wholly or in parts: the next of that upload began before their end. */
  get repeated(): Begun[] {
    return this.begun.filter(({ path, offset, bytes }, at) => {
      const next = this.begun.slice(at + 1).find((later) => later.path === path);
      return next !== undefined && next.offset < offset + bytes;
    });
  }

  /** The longest that the watchdog waited for a sign of life, up to now, in seconds. */
  get longestSilence(): number {
    const beats = [...this.#beats, performance.now()];
    return Math.max(...beats.map((at, nth) => at - (beats[nth - 1] ?? at))) / 1000;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync();
  }

  async #listen(socket: Deno.DatagramConn): Promise<void> {
    try {
      for await (const [bytes] of socket) {
        const text = new TextDecoder().decode(bytes);
        if (/^(WATCHDOG|READY)=1$/m.test(text)) this.#beats.push(performance.now());
      }
    } catch {
      // Closed with the lab.
    }
  }

  async #read(lines: ReadableStream<string>, ready: () => void): Promise<void> {
    let rest = "";
    for await (const text of lines) {
      const whole = (rest + text).split("\n");
      rest = whole.pop() ?? "";
      for (const line of whole) {
        const told: Begun | { ready: true } = JSON.parse(line);
        if ("ready" in told) ready();
        else this.begun.push(told);
      }
    }
  }
}
