/** Listens on TCP or a unix socket, and stops within a deadline. */
import type { Log } from "../events/mod.ts";
import type { Clock } from "../sys/mod.ts";

/** Where to listen. `hostname` is a name or an address, IPv6 without its brackets; port 0 is any free one. */
export type ListenAddress =
  | { readonly transport: "unix"; readonly path: string }
  | { readonly transport: "tcp"; readonly hostname: string; readonly port: number };

export interface Server {
  /** As a client would write it: `unix:/path` or `host:port`, with the port that was given. */
  readonly address: string;
  /** Takes no more requests, and waits for those under way; after `deadlineMs` they get a 503. */
  stop(deadlineMs: number): Promise<void>;
}

export class ListenError extends Error {
  override readonly name = "ListenError";

  constructor(
    readonly code: "in-use" | "denied" | "not-there",
    /** The address. */
    readonly subject: string,
    why: string,
    readonly hint: string,
    options?: ErrorOptions,
  ) {
    super(`${subject}: ${why}`, options);
  }
}

export interface ServerParts {
  readonly clock: Clock;
  readonly log: Log;
  /** `peer` is the address that the request came from; undefined on a unix socket. */
  readonly handle: (request: Request, peer?: string) => Response | Promise<Response>;
}

/**
 * Listens, and listens again should the socket be lost: Deno gives it up when a connection can't be accepted, which
 * happens when the process has as many files open as it may (accept(2), EMFILE). Throws {@link ListenError}, at the
 * start alone.
 */
export async function listen(parts: ServerParts, address: ListenAddress): Promise<Server> {
  if (address.transport === "unix") await removeStaleSocket(address.path);
  // One promise a request, not one for all: what waits for a promise that stays is kept as long as it is.
  const underWay = new Set<() => void>();
  const handler = async (request: Request, { remoteAddr }: Deno.ServeHandlerInfo) => {
    const peer = "hostname" in remoteAddr ? remoteAddr.hostname : undefined;
    const { promise: abandoned, resolve } = Promise.withResolvers<Response>();
    const abandon = () => resolve(unanswered());
    underWay.add(abandon);
    try {
      return await Promise.race([parts.handle(request, peer), abandoned]);
    } finally {
      underWay.delete(abandon);
    }
  };
  let { server, shown } = bind(address, handler);
  // Port 0 was any; from now on it is this one.
  const fixed = address.transport === "unix" ? address : { ...address, port: portOf(server) };
  const stopping = new AbortController();
  const keepListening = async () => {
    while (!stopping.signal.aborted) {
      const why = await endOf(server);
      if (stopping.signal.aborted) return;
      parts.log("listening-ended", { listen: shown, why });
      await parts.clock.sleep(REBIND_MS, stopping.signal);
      server = await bindAgain(parts, fixed, handler, stopping.signal) ?? server;
    }
  };
  keepListening();
  return {
    address: shown,
    async stop(deadlineMs) {
      stopping.abort();
      const finished = server.shutdown();
      const isFinished = await endsWithin(parts.clock, finished, deadlineMs);
      parts.log("receiver-stopped", { abandoned: isFinished ? 0 : underWay.size });
      // Not by aborting the server: it throws once a shutdown has begun.
      for (const abandon of underWay) abandon();
      await endsWithin(parts.clock, finished, LINGER_MS);
    },
  };
}

/** What ended a server that nobody stopped; its requests under way have ended by then. */
async function endOf(server: HttpServer): Promise<string> {
  try {
    await server.finished;
    return "no reason given";
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** Between two tries to listen again. */
const REBIND_MS = 200;

/** Listens again as soon as that is possible; undefined when `signal` is aborted before. */
async function bindAgain(
  { clock, log }: ServerParts,
  address: ListenAddress,
  handler: Handler,
  signal: AbortSignal,
): Promise<HttpServer | undefined> {
  let told = "";
  while (!signal.aborted) {
    try {
      if (address.transport === "unix") await removeStaleSocket(address.path);
      const { server, shown } = bind(address, handler);
      log("listening-again", { listen: shown });
      return server;
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      if (why !== told) log("listening-impossible", { why });
      told = why;
      await clock.sleep(REBIND_MS, signal);
    }
  }
  return undefined;
}

async function endsWithin(clock: Clock, ending: Promise<void>, ms: number): Promise<boolean> {
  const awake = new AbortController();
  const late = clock.sleep(ms, awake.signal).then(() => false);
  const isEnded = await Promise.race([ending.then(() => true), late]);
  awake.abort();
  return isEnded;
}

/** What an abandoned request still gets; its work ends with the process, and can be done again. */
function unanswered(): Response {
  return new Response(null, {
    status: 503,
    headers: { "retry-after": "5", "connection": "close" },
  });
}

/** A client that neither sends nor reads does not hear that, and keeps its connection open. */
const LINGER_MS = 500;

type HttpServer = Deno.HttpServer<Deno.Addr>;
type Handler = (request: Request, info: Deno.ServeHandlerInfo) => Promise<Response>;

function portOf({ addr }: HttpServer): number {
  return "port" in addr ? addr.port : 0;
}

function bind(
  address: ListenAddress,
  handler: Handler,
): { readonly server: HttpServer; readonly shown: string } {
  const onListen = () => {};
  try {
    if (address.transport === "unix") {
      const server = Deno.serve({ path: address.path, onListen }, handler);
      // The proxy's user is in our group (docs/systemd.md); nobody else may speak for it.
      Deno.chmodSync(address.path, 0o660);
      return { server, shown: `unix:${address.path}` };
    }
    const { hostname, port } = address;
    const server = Deno.serve({ hostname, port, onListen }, handler);
    const host = hostname.includes(":") ? `[${hostname}]` : hostname;
    return { server, shown: `${host}:${server.addr.port}` };
  } catch (error) {
    throw listenErrorOf(error, address);
  }
}

/** A socket file stays when its process was killed; one that somebody listens on is left alone. */
async function removeStaleSocket(path: string): Promise<void> {
  let connection: Deno.UnixConn;
  try {
    // Connecting to a file that is no socket is refused as well.
    if (!(await Deno.lstat(path)).isSocket) return;
    connection = await Deno.connect({ transport: "unix", path });
  } catch (error) {
    if (error instanceof Deno.errors.ConnectionRefused) return await Deno.remove(path);
    // Nothing there, or nothing that we may look at: binding tells.
    return;
  }
  connection.close();
  throw new ListenError(
    "in-use",
    `unix:${path}`,
    "another process listens there",
    "is a receiver running already? systemctl status cis490-receiver",
  );
}

function listenErrorOf(error: unknown, address: ListenAddress): unknown {
  const subject = address.transport === "unix"
    ? `unix:${address.path}`
    : `${address.hostname}:${address.port}`;
  const cause = { cause: error };
  if (error instanceof Deno.errors.AddrInUse) {
    const hint = "set another listen in receiver.toml, or stop what listens there: ss -ltnxp";
    return new ListenError("in-use", subject, "something is there already", hint, cause);
  }
  if (error instanceof Deno.errors.PermissionDenied) {
    const hint = "set listen in receiver.toml to a port above 1023 or a directory of this user";
    return new ListenError("denied", subject, "this user may not listen there", hint, cause);
  }
  if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.AddrNotAvailable) {
    const hint = "set listen in receiver.toml to an address or a directory of this machine";
    return new ListenError("not-there", subject, "there is no such place to listen", hint, cause);
  }
  return error;
}
