/** The real {@link Transport}: one receiver, one client, one measure of the link. */
import type { EpisodeId, HostId } from "../episode/mod.ts";
import type { Clock, PlainFs } from "../sys/mod.ts";
import { episodePath, PING_PATH, type Window, WINDOW_PATH } from "../wire/mod.ts";
import type { NoAnswer, Transport } from "./answer.ts";
import { type CertificatePaths, Certificates, type ReadFile } from "./certificates.ts";
import { readPong, readPresence, readWindow } from "./classify.ts";
import { Http, type HttpAnswer, type Request, type Send } from "./http.ts";
import { PieceSize } from "./piece_size.ts";
import { RateLimit } from "./rate.ts";
import { parseTarget, type Target } from "./target.ts";
import { uploadArchive } from "./upload.ts";

/** Which receiver, and as whom. */
export interface TransportOptions {
  /** `https://name:port`, or `http://` on loopback. */
  readonly url: string;
  readonly host: HostId;
  /** This program's version, for User-Agent. */
  readonly version: string;
  /** The bearer token, read anew for each request. Throws an Error whose message says why there is none. */
  readonly readToken: () => string;
  /** Undefined for `http://`. */
  readonly certificates: CertificatePaths | undefined;
  /** The first piece; 1 MiB unless said. */
  readonly firstPieceBytes?: number;
  /** The most that all uploads together send; undefined: no limit. */
  readonly rateLimitBytesPerSecond?: number | undefined;
  /** Told what is wrong with new certificate files while older ones are in use; undefined when that is over. */
  readonly onComplaint?: (complaint: string | undefined) => void;
}

/** What any request needs. */
export interface WireParts {
  readonly clock: Clock;
  readonly readFile: ReadFile;
}

export interface TransportParts extends WireParts {
  readonly fs: Pick<PlainFs, "openRead">;
}

/** Requests without a large body. */
const SMALL_TIMEOUT_MS = 30_000;
/** How long a window is believed without asking. */
const WINDOW_KEEP_MS = 60_000;

/** What a transport and a probe are made of. */
export interface Wiring {
  readonly target: Target;
  readonly certificates: Certificates | undefined;
  readonly http: Http;
}

export function wire(parts: WireParts, options: TransportOptions): Wiring {
  const target = parseTarget(options.url);
  const certificates = options.certificates === undefined
    ? undefined
    : new Certificates(parts.clock, parts.readFile, options.certificates);
  const http = new Http(parts.clock, {
    target,
    userAgent: `cis490/${options.version}`,
    readToken: options.readToken,
    certificates,
    onComplaint: options.onComplaint,
  });
  return { target, certificates, http };
}

/** A transport whose limit can be changed while uploads are under way. */
export interface LimitedTransport extends Transport {
  /** Counts at once, also for whoever waits; undefined: no limit. */
  setRateLimit(bytesPerSecond: number | undefined): void;
}

/** Throws TypeError when `options.url` is not a URL of http or https. */
export function createTransport(
  parts: TransportParts,
  options: TransportOptions,
): LimitedTransport {
  const { clock } = parts;
  const { http } = wire(parts, options);
  const pieceSize = new PieceSize(options.firstPieceBytes);
  const rate = new RateLimit(clock, options.rateLimitBytesPerSecond);
  const windowOf = windowReader(clock, http.send);
  return {
    upload: (upload, progress, signal) =>
      uploadArchive(
        { clock, fs: parts.fs, send: http.send, pieceSize, rate },
        options.host,
        upload,
        progress,
        signal,
      ),
    ping: async (signal) => {
      const sent = await ask(http.send, PING, signal);
      return sent.kind === "answer" ? readPong(sent, clock.now()) : sent;
    },
    window: windowOf,
    stored: async (id, signal) => {
      const sent = await ask(http.send, presenceOf(options.host, id), signal);
      return sent.kind === "answer" ? readPresence(sent, clock.now()) : sent;
    },
    setRateLimit: (bytesPerSecond) => rate.set(bytesPerSecond),
    close: () => http.close(),
  };
}

export const PING: Request = { method: "POST", path: PING_PATH, timeoutMs: SMALL_TIMEOUT_MS };

function presenceOf(host: HostId, id: EpisodeId): Request {
  return { method: "HEAD", path: episodePath(host, id), timeoutMs: SMALL_TIMEOUT_MS };
}

/** By ETag, and at most once a minute. */
function windowReader(clock: Clock, send: Send): Transport["window"] {
  let known: { window: Window; etag: string | undefined; atMs: number } | undefined;
  return async (signal) => {
    const before = known;
    if (before !== undefined && clock.monotonic() - before.atMs < WINDOW_KEEP_MS) {
      return { kind: "window", window: before.window };
    }
    const request: Request = {
      method: "GET",
      path: WINDOW_PATH,
      timeoutMs: SMALL_TIMEOUT_MS,
      headers: before?.etag === undefined ? {} : { "if-none-match": before.etag },
    };
    const sent = await ask(send, request, signal);
    if (sent.kind !== "answer") return sent;
    if (sent.status === 304 && before !== undefined) {
      known = { ...before, atMs: clock.monotonic() };
      return { kind: "window", window: before.window };
    }
    const answer = readWindow(sent, clock.now());
    if (answer.kind === "window") {
      const etag = sent.headers.get("etag") ?? undefined;
      known = { window: answer.window, etag, atMs: clock.monotonic() };
    }
    return answer;
  };
}

/** A question whose asker has nothing of its own for an aborted signal. */
async function ask(
  send: Send,
  request: Request,
  signal: AbortSignal,
): Promise<HttpAnswer | NoAnswer> {
  const sent = await send(request, signal);
  if (sent.kind !== "aborted") return sent;
  return { kind: "unreachable", layer: "receiver", why: "given up: this program is stopping" };
}
