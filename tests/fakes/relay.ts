/** A relay in front of a server on loopback, whose connections a test can cut, delay and count. */

export interface Relay extends AsyncDisposable {
  readonly port: number;
  /** Bytes of a connection from the client after which both sides are closed; Infinity: never. */
  cutAfterBytes: number;
  /** Closes each connection as soon as the server answers on it, so that the answer is lost. */
  loseReplies: boolean;
  /** How long each byte is under way, in each direction. */
  delayMs: number;
  readonly cuts: number;
  /** How many were accepted so far. */
  readonly connections: number;
  /** Closes all connections now. */
  cut(): void;
}

export interface RelayOptions {
  /** Loopback unless said. */
  readonly hostname?: string;
  /** A free one unless said. */
  readonly port?: number;
  /** Told what comes from a client, with the number of its connection. */
  readonly onClientBytes?: (bytes: Uint8Array, connection: number) => void;
  /** The same for one connection, by its number. */
  readonly losesReply?: (connection: number) => boolean;
}

/** More than this under way in one direction, and the sender has to wait. */
const WINDOW_BYTES = 4 * 1024 * 1024;

export function startRelay(upstreamPort: number, options: RelayOptions = {}): Relay {
  const { hostname = "127.0.0.1", port = 0 } = options;
  const listener = Deno.listen({ hostname, port });
  const open = new Set<Deno.Conn>();
  const relay = {
    cutAfterBytes: Infinity,
    loseReplies: false,
    delayMs: 0,
    cuts: 0,
    connections: 0,
    cut: () => hangUp(...open),
  };

  const hangUp = (...connections: Deno.Conn[]) => {
    for (const connection of connections) {
      if (open.delete(connection)) connection.close();
    }
  };
  const pump = async (
    from: Deno.Conn,
    to: Deno.Conn,
    mayPass: (bytes: Uint8Array) => boolean,
  ) => {
    const buffer = new Uint8Array(64 * 1024);
    const way = new Way(to, () => relay.delayMs);
    try {
      for (let got = await from.read(buffer); got !== null; got = await from.read(buffer)) {
        if (!mayPass(buffer.subarray(0, got))) {
          relay.cuts += 1;
          break;
        }
        await way.send(buffer.subarray(0, got));
      }
      await way.end();
    } catch {
      // Either side has gone: so does the other.
    }
    hangUp(from, to);
  };
  const accepting = (async () => {
    for await (const client of listener) {
      const number = ++relay.connections;
      open.add(client);
      const server = await Deno.connect({ hostname: "127.0.0.1", port: upstreamPort })
        .catch(() => undefined);
      if (server === undefined || !open.has(client)) {
        server?.close();
        hangUp(client);
        continue;
      }
      open.add(server);
      let sent = 0;
      pump(client, server, (bytes) => {
        options.onClientBytes?.(bytes, number);
        return (sent += bytes.byteLength) <= relay.cutAfterBytes;
      });
      pump(server, client, () => !relay.loseReplies && options.losesReply?.(number) !== true);
    }
  })();
  return Object.assign(relay, {
    port: listener.addr.port,
    async [Symbol.asyncDispose]() {
      listener.close();
      relay.cut();
      await accepting;
    },
  });
}

/** One direction of a connection: what is sent arrives after the delay, in order, while more is being sent. */
class Way {
  #last = Promise.resolve();
  #underWay = 0;

  constructor(private readonly to: Deno.Conn, private readonly delayMs: () => number) {}

  async send(bytes: Uint8Array): Promise<void> {
    const delayMs = this.delayMs();
    if (delayMs === 0 && this.#underWay === 0) return await this.#write(bytes);
    const chunk = bytes.slice();
    const arrives = delayMs === 0 ? undefined : new Promise((done) => setTimeout(done, delayMs));
    this.#underWay += chunk.byteLength;
    this.#last = this.#last.then(() => arrives).then(() => this.#write(chunk)).finally(() =>
      this.#underWay -= chunk.byteLength
    );
    // Told to whoever sends or ends next.
    this.#last.catch(() => {});
    if (this.#underWay > WINDOW_BYTES) await this.#last;
  }

  async end(): Promise<void> {
    await this.#last;
  }

  async #write(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.byteLength;) at += await this.to.write(bytes.subarray(at));
  }
}
