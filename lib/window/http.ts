/** The only file of this room that sends requests: to Forgejo, and to nothing else. */
import { WindowError } from "./source.ts";

export interface TextRequest {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Of the whole exchange, from the name's resolution to the last byte. */
  readonly timeoutMs: number;
  /** A longer body is no answer. */
  readonly limitBytes: number;
}

export interface TextAnswer {
  readonly status: number;
  readonly headers: Headers;
  /** As UTF-8. */
  readonly body: string;
}

/** Sends one GET, follows no redirect. Throws {@link WindowError} `unreachable` or `malformed`. */
export type RequestText = (request: TextRequest, signal?: AbortSignal) => Promise<TextAnswer>;

/** Of this machine, besides those that come with the runtime: Forgejo's certificate may be an institute's own. */
const SYSTEM_AUTHORITIES = "/etc/ssl/certs/ca-certificates.crt";

/** A client for the server at `origin`. It lives as long as the process. */
export function createRequestText(origin: string): RequestText {
  const client = createClient(new URL(origin));
  return async ({ url, headers, timeoutMs, limitBytes }, signal) => {
    const deadline = AbortSignal.timeout(timeoutMs);
    const cut = signal === undefined ? deadline : AbortSignal.any([signal, deadline]);
    try {
      const response = await fetch(url, { headers, client, redirect: "manual", signal: cut });
      const { status } = response;
      return { status, headers: response.headers, body: await readBody(response, url, limitBytes) };
    } catch (cause) {
      if (cause instanceof WindowError) throw cause;
      const why = deadline.aborted
        ? `gave no whole answer in ${(timeoutMs / 1000).toFixed(1)} s`
        : `can't be reached: ${describe(cause)}`;
      throw new WindowError("unreachable", url, `${origin} ${why}`, { cause });
    }
  };
}

function createClient({ protocol }: URL): Deno.HttpClient {
  return Deno.createHttpClient(protocol === "https:" ? { caCerts: systemAuthorities() } : {});
}

function systemAuthorities(): string[] {
  try {
    return [Deno.readTextFileSync(SYSTEM_AUTHORITIES)];
  } catch (error) {
    // Another distribution keeps them elsewhere; the runtime's own are there in any case.
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
}

async function readBody(response: Response, url: string, limitBytes: number): Promise<string> {
  if (response.body === null) return "";
  const decoder = new TextDecoder();
  let text = "";
  let bytes = 0;
  for await (const chunk of response.body) {
    bytes += chunk.byteLength;
    // Leaving the loop cancels the stream, and with it the connection.
    if (bytes > limitBytes) {
      throw new WindowError("malformed", url, `${url} answered with more than ${limitBytes} bytes`);
    }
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}

/** What fetch says, without the address that it repeats. */
function describe(error: unknown): string {
  const words = error instanceof Error ? error.message : String(error);
  return words.replace(/^error sending request for url \([^)]*\): (client error \(\w+\): )?/, "");
}
