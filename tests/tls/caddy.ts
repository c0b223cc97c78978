/** A real Caddy that does mutual TLS in front of a server on loopback. */
import type { Leaf } from "./pki.ts";

export interface Caddy extends AsyncDisposable {
  readonly url: string;
}

/**
 * Starts Caddy with `server`'s certificate; clients need one of `clientCa`. Passes on to `upstreamPort`, the client's name
 * (`CN=…`) in X-Client-Subject.
 */
export async function startCaddy(
  server: Leaf,
  clientCa: string,
  upstreamPort: number,
  options: {
    /** Whose certificate a client gets that names nobody. */
    readonly defaultName?: string;
  } = {},
): Promise<Caddy> {
  const directory = await Deno.makeTempDir({ prefix: "cis490-caddy-" });
  const port = freePort();
  const file = `${directory}/Caddyfile`;
  await Deno.writeTextFile(
    file,
    `{
	admin off
	auto_https off
${options.defaultName === undefined ? "" : `	default_sni ${options.defaultName}`}
	storage file_system ${directory}/storage
}
https://localhost:${port}, https://127.0.0.1:${port} {
	bind 127.0.0.1
	tls ${server.cert} ${server.key} {
		client_auth {
			mode require_and_verify
			trusted_ca_cert_file ${clientCa}
		}
	}
	reverse_proxy 127.0.0.1:${upstreamPort} {
		header_up X-Client-Subject {http.request.tls.client.subject}
	}
}
`,
  );
  const process = await runCaddy(file, directory, port);
  return { url: `https://localhost:${port}`, ...process };
}

/** Runs Caddy with `file` until it is disposed of; `directory` is its home, and goes with it. Returns once it listens on `port`. */
export async function runCaddy(
  file: string,
  directory: string,
  port: number,
  env: Readonly<Record<string, string>> = {},
): Promise<AsyncDisposable> {
  const child = new Deno.Command("caddy", {
    args: ["run", "--adapter", "caddyfile", "--config", file],
    env: { ...env, HOME: directory, XDG_CONFIG_HOME: directory, XDG_DATA_HOME: directory },
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).spawn();
  const stop = async () => {
    child.kill("SIGTERM");
    await child.status;
    await Deno.remove(directory, { recursive: true });
  };
  try {
    await waitForPort(port);
  } catch (error) {
    await stop();
    throw error;
  }
  return { [Symbol.asyncDispose]: stop };
}

/** A port of loopback that was free a moment ago. */
export function freePort(): number {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  listener.close();
  return port;
}

async function waitForPort(port: number): Promise<void> {
  for (let tries = 0; tries < 100; tries++) {
    try {
      (await Deno.connect({ hostname: "127.0.0.1", port })).close();
      return;
    } catch {
      await new Promise((done) => setTimeout(done, 50));
    }
  }
  throw new Error(`nothing listens on port ${port} after 5 s`);
}
