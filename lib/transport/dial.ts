/** Connections that carry no request: to learn which layer fails, and that within seconds. */
import { lookup } from "node:dns";
import type { CertificateSet, Preflight } from "./certificates.ts";
import type { Target } from "./target.ts";

/**
 * How long name and connection may take together: a black hole, where packets are dropped without an answer, is
 * otherwise noticed after two minutes.
 */
export const CONNECT_TIMEOUT_MS = 10_000;

/** The addresses of a name by getaddrinfo(3), so /etc/hosts counts. Throws when there are none. */
export function resolveName(hostname: string): Promise<string[]> {
  // Not of node:dns/promises: that one prints a warning about punycode to stderr.
  return new Promise((resolve, reject) => {
    lookup(hostname, { all: true }, (error, found) => {
      if (error !== null) reject(error);
      else resolve(found.map(({ address }) => address));
    });
  });
}

/**
 * Connects and hangs up. Takes no signal: Deno 2.6 keeps a handle for ever for each connection that fails with one. A
 * caller that has stopped waiting leaves an attempt behind that the kernel ends after two minutes.
 */
export async function dialTcp(hostname: string, port: number): Promise<void> {
  const connection = await Deno.connect({ hostname, port });
  connection.close();
}

/**
 * A TLS handshake with what the preflight found to be good, then hangs up. With TLS 1.3 it ends before the receiver has
 * judged the client's certificate. (An unchecked pair must not come here: Deno aborts the process on a bad one.)
 */
export async function dialTls(target: Target, preflight: Preflight | undefined): Promise<void> {
  const { hostname, port } = target;
  const found: Partial<CertificateSet> = preflight?.kind === "ready"
    ? preflight.set
    : { ...(preflight?.caBundle === undefined ? {} : { caBundle: preflight.caBundle }) };
  const connection = await Deno.connectTls({
    hostname,
    port,
    ...(found.caBundle === undefined ? {} : { caCerts: [found.caBundle] }),
    ...found.pair,
  });
  try {
    await connection.handshake();
  } finally {
    connection.close();
  }
}
