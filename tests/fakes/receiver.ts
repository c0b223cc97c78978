/**
 * A fake of the receiver for tests of the transport: the announced upload of one archive in memory, without any check of
 * what is in it. Its real counterpart is lib/receiver.
 */
import { createHash } from "node:crypto";
import {
  formatDigestField,
  formatPong,
  formatReceipt,
  formatUploadLimit,
  HEADER,
  MEDIA_TYPE_PROBLEM,
  MEDIA_TYPE_RECEIPT,
  parseDigestField,
  type ProblemName,
  problemOf,
  type Receipt,
} from "../../lib/wire/mod.ts";
import { findDigest, findEpisodeId, findHostId, findStamp } from "../../lib/episode/mod.ts";

const VERSION = { [HEADER.receiver]: "9.9.9" };

/** An answer in place of the fake's own; undefined lets the request through. */
export type Interfere = (request: Request, nth: number) =>
  | Response
  | undefined
  | Promise<
    Response | undefined
  >;

export interface FakeReceiver extends AsyncDisposable {
  readonly port: number;
  readonly url: string;
  /** `METHOD path body-bytes`, in order. */
  readonly requests: string[];
  /** The bytes of each piece that was synced. */
  readonly pieces: number[];
  /** What is stored, by path. */
  readonly stored: Map<string, Uint8Array>;
  /** Set by a test. */
  interfere: Interfere;
  maxPieceBytes: number;
}

export function problemResponse(name: ProblemName, headers: Record<string, string> = {}): Response {
  const problem = problemOf(name);
  return new Response(JSON.stringify(problem), {
    status: problem.status,
    headers: { ...VERSION, "content-type": MEDIA_TYPE_PROBLEM, ...headers },
  });
}

export function receiptOf(path: string, bytes: Uint8Array, episodeDigest: string): Receipt {
  const [, , , host = "", id = ""] = path.split("/");
  return {
    format: 1,
    host: must(findHostId(host)),
    id: must(findEpisodeId(id)),
    episode_digest: must(findDigest(episodeDigest)),
    archive_digest: must(findDigest(createHash("sha256").update(bytes).digest("hex"))),
    archive_bytes: bytes.byteLength,
    tar_bytes: bytes.byteLength,
    entries: 1,
    code_commit: must(findStamp("a".repeat(40))),
    stored_at: "2026-01-02T03:04:05.678Z",
    receiver: "9.9.9",
  };
}

export function receiptResponse(receipt: Receipt, status: number): Response {
  return new Response(formatReceipt(receipt), {
    status,
    headers: { ...VERSION, "content-type": MEDIA_TYPE_RECEIPT },
  });
}

export function startFakeReceiver(host = "lab-host-01"): FakeReceiver {
  const partials = new Map<string, { bytes: Uint8Array[]; episode: string; length: number }>();
  const fake = {
    requests: [] as string[],
    pieces: [] as number[],
    stored: new Map<string, Uint8Array>(),
    maxPieceBytes: 16 * 1024 * 1024,
    interfere: (() => undefined) as Interfere,
  };

  const serve = async (request: Request): Promise<Response> => {
    const { pathname } = new URL(request.url);
    const body = await readBody(request);
    // A client that has gone reads no answer.
    if (body === undefined) return new Response();
    const nth = fake.requests.push(`${request.method} ${pathname} ${body.byteLength}`);
    const other = await fake.interfere(request, nth);
    if (other !== undefined) return other;
    if (pathname === "/v1/ping") return pong(host);
    if (pathname === "/healthz") return new Response("ok\n", { headers: VERSION });
    if (request.method === "PUT") return put(request, pathname, body);
    if (request.method === "PATCH") return patch(request, pathname, body);
    if (request.method === "HEAD") return head(pathname);
    return problemResponse("not-found");
  };

  const put = (request: Request, path: string, body: Uint8Array): Response => {
    const episode = digestOf(request, HEADER.episodeDigest);
    const stored = fake.stored.get(path);
    if (stored !== undefined) return receiptResponse(receiptOf(path, stored, episode), 200);
    if (request.headers.get(HEADER.uploadComplete) === null) {
      fake.stored.set(path, body);
      return receiptResponse(receiptOf(path, body, episode), 201);
    }
    const length = Number(request.headers.get(HEADER.uploadLength));
    const location = path.replace("episodes", "uploads") +
      `/${digestOf(request, HEADER.reprDigest)}`;
    const partial = partials.get(location) ?? { bytes: [], episode, length };
    partials.set(location, partial);
    return new Response(null, {
      status: 201,
      headers: {
        ...VERSION,
        location,
        [HEADER.uploadComplete]: "?0",
        [HEADER.uploadOffset]: `${sizeOf(partial.bytes)}`,
        [HEADER.uploadLimit]: formatUploadLimit({
          maxSizeBytes: 2 ** 40,
          maxPieceBytes: fake.maxPieceBytes,
          maxAgeS: 60,
        }),
      },
    });
  };

  const patch = (request: Request, path: string, body: Uint8Array): Response => {
    const partial = partials.get(path);
    if (partial === undefined) return problemResponse("upload-unknown");
    const offset = sizeOf(partial.bytes);
    if (Number(request.headers.get(HEADER.uploadOffset)) !== offset) {
      return problemResponse("mismatching-upload-offset", { [HEADER.uploadOffset]: `${offset}` });
    }
    if (digestOf(request, HEADER.contentDigest) !== sha256(body)) {
      return problemResponse("bad-digest");
    }
    partial.bytes.push(body);
    fake.pieces.push(body.byteLength);
    if (request.headers.get(HEADER.uploadComplete) !== "?1") {
      const synced = `${offset + body.byteLength}`;
      return new Response(null, {
        status: 204,
        headers: { ...VERSION, [HEADER.uploadOffset]: synced },
      });
    }
    const whole = new Uint8Array(sizeOf(partial.bytes));
    partial.bytes.reduce((at, piece) => (whole.set(piece, at), at + piece.byteLength), 0);
    const target = path.replace("uploads", "episodes").replace(/\/[0-9a-f]{64}$/, "");
    fake.stored.set(target, whole);
    return receiptResponse(receiptOf(target, whole, partial.episode), 201);
  };

  const head = (path: string): Response => {
    const stored = fake.stored.get(path);
    if (stored === undefined) return new Response(null, { status: 404, headers: VERSION });
    return new Response(null, {
      headers: {
        ...VERSION,
        [HEADER.episodeDigest]: formatDigestField(must(findDigest(sha256(stored)))),
      },
    });
  };

  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, serve);
  return Object.assign(fake, {
    port: server.addr.port,
    url: `http://127.0.0.1:${server.addr.port}`,
    [Symbol.asyncDispose]: () => server.shutdown(),
  });
}

/** Undefined when the client went away before its end. */
async function readBody(request: Request): Promise<Uint8Array | undefined> {
  try {
    return new Uint8Array(await request.arrayBuffer());
  } catch (error) {
    if (error instanceof Deno.errors.Http) return undefined;
    throw error;
  }
}

function pong(host: string): Response {
  return new Response(
    formatPong({ receiver: "9.9.9", time: new Date().toISOString(), host, window: null }),
    { headers: { ...VERSION, "content-type": "application/json" } },
  );
}

function digestOf(request: Request, header: string): string {
  return parseDigestField(request.headers.get(header) ?? "") ?? "";
}

function sizeOf(pieces: readonly Uint8Array[]): number {
  return pieces.reduce((sum, { byteLength }) => sum + byteLength, 0);
}

export function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

/** `value`, which the test knows to be there. */
export function must<T>(value: T | undefined): T {
  if (value === undefined) throw new Error("not a valid value");
  return value;
}
