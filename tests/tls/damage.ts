/**
 * Damages each byte of a certificate's and of a key's DER in turn, asks the guard, and gives what the guard lets through
 * to the client. Run as a process of its own: without the guard the runtime aborts. Prints how many were refused and used.
 */
import { findPairFault } from "../../lib/transport/tls_guard.ts";

const [certFile = "", keyFile = ""] = Deno.args;
const cert = await Deno.readTextFile(certFile);
const key = await Deno.readTextFile(keyFile);
const counts = { refused: 0, used: 0 };

for (const damaged of damages(cert)) tryPair(damaged, key);
for (const damaged of damages(key)) tryPair(cert, damaged);
console.log(JSON.stringify(counts));

function tryPair(cert: string, key: string): void {
  if (findPairFault(cert, key) !== undefined) {
    counts.refused += 1;
    return;
  }
  Deno.createHttpClient({ cert, key, http2: false }).close();
  counts.used += 1;
}

function* damages(pem: string): Generator<string> {
  const [, label = "", body = ""] = /-----BEGIN (.+)-----([^-]+)-----END/.exec(pem) ?? [];
  const der = Uint8Array.fromBase64(body);
  for (let at = 0; at < der.byteLength; at++) {
    const copy = der.slice();
    copy[at] = (copy[at] ?? 0) ^ 0x5a;
    yield `-----BEGIN ${label}-----\n${copy.toBase64()}\n-----END ${label}-----\n`;
  }
}
