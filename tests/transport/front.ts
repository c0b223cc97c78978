/** Caddy with the configuration that is installed, in front of a receiver's socket. */
import { fileURLToPath } from "node:url";
import { freePort, runCaddy } from "../tls/caddy.ts";
import type { Leaf } from "../tls/pki.ts";

export const CADDYFILE = fileURLToPath(new URL("../../install/Caddyfile", import.meta.url));

export interface Front extends AsyncDisposable {
  readonly port: number;
}

/** The environment that fits the Caddyfile to a test: nothing in it is changed. */
export function frontEnvironment(
  directory: string,
  server: Leaf,
  clientCa: string,
  socket: string,
  port: number,
): Record<string, string> {
  return {
    CIS490_CADDY_ADMIN: "off",
    CIS490_PORT: `${port}`,
    CIS490_SERVER_CERT: server.cert,
    CIS490_SERVER_KEY: server.key,
    CIS490_CLIENT_CA: clientCa,
    CIS490_SOCKET: socket,
    CIS490_REVOKED: `${directory}/revoked*.caddy`,
    HOME: directory,
    XDG_CONFIG_HOME: directory,
    XDG_DATA_HOME: directory,
  };
}

/** `more`: variables of the Caddyfile with another value than a test usually gives them. */
export async function startFront(
  server: Leaf,
  clientCa: string,
  socket: string,
  more: Readonly<Record<string, string>> = {},
): Promise<Front> {
  const directory = await Deno.makeTempDir({ prefix: "cis490-front-" });
  const port = freePort();
  const env = { ...frontEnvironment(directory, server, clientCa, socket, port), ...more };
  const process = await runCaddy(CADDYFILE, directory, port, env);
  return { port, ...process };
}
