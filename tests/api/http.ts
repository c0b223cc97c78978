/** HTTP/1.1 over a socket, byte by byte: a client that sends whatever a test tells it. */
import { findProblemName, type ProblemName } from "../../lib/wire/mod.ts";

export type Address =
  | { readonly transport: "tcp"; readonly hostname: string; readonly port: number }
  | { readonly transport: "unix"; readonly path: string };

export interface Ask {
  readonly method: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
  /** Sent in place of the body's length; "none" leaves the field out. */
  readonly contentLength?: number | "none";
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** The problem by its name, when the body is one. */
  readonly problem: ProblemName | undefined;
}

/** Sends one request and reads the answer until the connection ends. */
export async function ask(address: Address, what: Ask): Promise<Answer> {
  const { method, path, headers = {}, body = new Uint8Array() } = what;
  const length = what.contentLength ?? body.byteLength;
  const lines = [
    `${method} ${path} HTTP/1.1`,
    "host: receiver",
    "connection: close",
    ...(length === "none" ? [] : [`content-length: ${length}`]),
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
  ];
  const head = new TextEncoder().encode(lines.join("\r\n") + "\r\n\r\n");
  return await askRaw(address, head, body);
}

/** Sends these bytes, whatever they are. */
export async function askRaw(address: Address, ...parts: Uint8Array[]): Promise<Answer> {
  const connection = await connect(address);
  try {
    const sending = send(connection, parts);
    const answer = parse(await readAll(connection), parts);
    await sending;
    return answer;
  } finally {
    connection.close();
  }
}

export async function connect(address: Address): Promise<Deno.Conn> {
  return address.transport === "unix" ? await Deno.connect(address) : await Deno.connect(address);
}

export async function send(connection: Deno.Conn, parts: readonly Uint8Array[]): Promise<void> {
  try {
    for (const part of parts) {
      for (let at = 0; at < part.byteLength;) at += await connection.write(part.subarray(at));
    }
  } catch (error) {
    // The receiver refused early and closed; its answer is what counts.
    if (
      !(error instanceof Deno.errors.BrokenPipe || error instanceof Deno.errors.ConnectionReset)
    ) {
      throw error;
    }
  }
}

export async function readAll(connection: Deno.Conn): Promise<Uint8Array> {
  const chunks: number[] = [];
  const buffer = new Uint8Array(65_536);
  for (;;) {
    const count = await connection.read(buffer).catch((error) => {
      if (error instanceof Deno.errors.ConnectionReset) return null;
      throw error;
    });
    if (count === null) return Uint8Array.from(chunks);
    chunks.push(...buffer.subarray(0, count));
  }
}

/**
 * Reads until `pattern` is there: for an answer to a request that was never finished, after which the server waits for the rest.
 * Throws when the connection ends before.
 */
export async function readUntil(connection: Deno.Conn, pattern: RegExp): Promise<string> {
  const buffer = new Uint8Array(65_536);
  for (let text = "";;) {
    if (pattern.test(text)) return text;
    const count = await connection.read(buffer);
    if (count === null) throw new Error(`the connection ended after ${JSON.stringify(text)}`);
    text += new TextDecoder().decode(buffer.subarray(0, count));
  }
}

function parse(bytes: Uint8Array, sent: readonly Uint8Array[]): Answer {
  const whole = new TextDecoder().decode(bytes);
  const [head = "", ...rest] = whole.split("\r\n\r\n");
  const [first = "", ...lines] = head.split("\r\n");
  const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(first)?.[1]);
  if (Number.isNaN(status)) {
    const asked = new TextDecoder().decode(sent[0]?.subarray(0, 200));
    throw new Error(`no answer, but ${JSON.stringify(whole.slice(0, 200))}, to ${asked}`);
  }
  const headers = new Headers(lines.map((line): [string, string] => {
    const cut = line.indexOf(":");
    return [line.slice(0, cut), line.slice(cut + 1).trim()];
  }));
  const text = rest.join("\r\n\r\n");
  return { status, headers, text, problem: problemIn(headers, text) };
}

function problemIn(headers: Headers, text: string): ProblemName | undefined {
  if (headers.get("content-type") !== "application/problem+json" || text === "") return undefined;
  const { type }: { type: string } = JSON.parse(text);
  return findProblemName(type);
}
