/** The only file that sends requests. */
import type { Clock } from "../sys/mod.ts";
import type { Certificates, CertificateSet } from "./certificates.ts";
import type { NoAnswer } from "./answer.ts";
import { withDeadline } from "./deadline.ts";
import { CONNECT_TIMEOUT_MS, dialTcp } from "./dial.ts";
import { describeFailure } from "./failure.ts";
import { formatTarget, type Target } from "./target.ts";

export interface Request {
  readonly method: "GET" | "HEAD" | "POST" | "PUT" | "PATCH";
  /** Begins with a slash. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent with its Content-Length. Not changed before the answer is here. */
  readonly body?: Uint8Array<ArrayBuffer>;
  /** Of the whole exchange, once a connection is there. */
  readonly timeoutMs: number;
  /** Without the token. */
  readonly anonymous?: boolean;
}

/** Any answer of HTTP, from whomever. */
export interface HttpAnswer {
  readonly kind: "answer";
  readonly status: number;
  readonly headers: Headers;
  /** As UTF-8; undefined when it was longer than the limit. */
  readonly body: string | undefined;
}

export type Unreachable = Extract<NoAnswer, { kind: "unreachable" }>;
export type Sent = HttpAnswer | Unreachable | { readonly kind: "aborted" };

/** Sends one request. Never throws. */
export type Send = (request: Request, signal: AbortSignal) => Promise<Sent>;

export interface HttpOptions {
  readonly target: Target;
  readonly userAgent: string;
  /** The bearer token, read anew for each request. Throws an Error whose message says why there is none. */
  readonly readToken: () => string;
  /** Undefined: without TLS, or with the public authorities and no client certificate. */
  readonly certificates: Certificates | undefined;
  /** Told what is wrong with new certificate files while older ones are in use; undefined when that is over. */
  readonly onComplaint?: ((complaint: string | undefined) => void) | undefined;
}

/** Answers of this protocol are a few kilobytes; the longest, a window, is below 100. */
export const BODY_LIMIT_BYTES = 1024 * 1024;

/** How long after an answer the way is taken to be open, so that a connection need not be tried first. */
const WAY_OPEN_MS = 30_000;

export class Http {
  #client: Deno.HttpClient | undefined;
  #clientSet: CertificateSet | undefined;
  #complaint: string | undefined;
  #answeredAtMs = -Infinity;

  constructor(
    private readonly clock: Pick<Clock, "sleep" | "monotonic">,
    private readonly options: HttpOptions,
  ) {}

  readonly send: Send = async (request, signal) => {
    const ready = this.#prepare(request);
    if (ready.kind !== "ready") return ready;
    const closed = await this.#tryWay(signal);
    if (closed !== undefined) return closed;
    return await this.#exchange(ready.client, request, ready.headers, signal);
  };

  close(): void {
    this.#client?.close();
    this.#client = undefined;
  }

  /** Certificates, client and token, each as it is now. */
  #prepare(
    request: Request,
  ): Unreachable | { kind: "ready"; client: Deno.HttpClient; headers: Headers } {
    const preflight = this.options.certificates?.check();
    if (preflight?.kind === "not-ready") {
      return { kind: "unreachable", layer: "certificate", why: preflight.why, local: true };
    }
    this.#complain(preflight?.complaint);
    const headers = new Headers({ ...request.headers, "user-agent": this.options.userAgent });
    if (request.anonymous !== true) {
      try {
        headers.set("authorization", `Bearer ${this.options.readToken()}`);
      } catch (error) {
        const why = error instanceof Error ? error.message : String(error);
        const words = `token not ready: ${why}`;
        return { kind: "unreachable", layer: "token", why: words, local: true };
      }
    }
    return { kind: "ready", client: this.#clientFor(preflight?.set), headers };
  }

  #complain(complaint: string | undefined): void {
    if (complaint === this.#complaint) return;
    this.#complaint = complaint;
    this.options.onComplaint?.(complaint);
  }

  #clientFor(set: CertificateSet | undefined): Deno.HttpClient {
    if (this.#client !== undefined && this.#clientSet === set) return this.#client;
    // Requests that are under way on the old client run to their end.
    this.#client?.close();
    this.#clientSet = set;
    this.#client = createClient(set);
    return this.#client;
  }

  /** After a silence, a bare connection first: it names the layer that fails, and a black hole within seconds. */
  async #tryWay(signal: AbortSignal): Promise<Sent | undefined> {
    const { target } = this.options;
    if (this.clock.monotonic() - this.#answeredAtMs < WAY_OPEN_MS) return undefined;
    try {
      const tried = await withDeadline(
        this.clock,
        CONNECT_TIMEOUT_MS,
        signal,
        () => dialTcp(target.hostname, target.port),
      );
      if (tried.kind === "done") return undefined;
      if (tried.kind === "aborted") return tried;
      return unreachable("tcp", `no connection to ${formatTarget(target)}`, CONNECT_TIMEOUT_MS);
    } catch (error) {
      return { kind: "unreachable", ...describeFailure(error) };
    }
  }

  async #exchange(
    client: Deno.HttpClient,
    { method, path, body, timeoutMs }: Request,
    headers: Headers,
    signal: AbortSignal,
  ): Promise<Sent> {
    try {
      const done = await withDeadline(this.clock, timeoutMs, signal, async (cut) => {
        const response = await fetch(this.options.target.origin + path, {
          method,
          headers,
          client,
          redirect: "manual",
          signal: cut,
          ...(body === undefined ? {} : { body }),
        });
        return {
          kind: "answer" as const,
          status: response.status,
          headers: response.headers,
          body: await readBody(response),
        };
      });
      // After anything but an answer, the next request begins by finding out which layer it is.
      this.#answeredAtMs = done.kind === "done" ? this.clock.monotonic() : -Infinity;
      if (done.kind === "done") return done.value;
      if (done.kind === "aborted") return done;
      return unreachable("receiver", "no answer", timeoutMs);
    } catch (error) {
      this.#answeredAtMs = -Infinity;
      return { kind: "unreachable", ...describeFailure(error) };
    }
  }
}

function createClient(set: CertificateSet | undefined): Deno.HttpClient {
  return Deno.createHttpClient({
    http2: false,
    poolIdleTimeout: 60_000,
    ...(set === undefined ? {} : { caCerts: [set.caBundle], ...set.pair }),
  });
}

/** The body, drained so that the connection serves again; undefined above the limit. */
async function readBody(response: Response): Promise<string | undefined> {
  if (response.body === null) return "";
  const decoder = new TextDecoder();
  let text = "";
  let bytes = 0;
  for await (const chunk of response.body) {
    bytes += chunk.byteLength;
    // Leaving the loop cancels the stream, and with it the connection.
    if (bytes > BODY_LIMIT_BYTES) return undefined;
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}

function unreachable(layer: Unreachable["layer"], what: string, ms: number): Unreachable {
  return { kind: "unreachable", layer, why: `${what} within ${Math.round(ms / 1000)} s` };
}
