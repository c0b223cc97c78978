/**
 * Tries certificates where a fault is an exception. `Deno.createHttpClient` and `Deno.connectTls` abort the whole process
 * (SIGABRT) on a certificate and key that do not match, or whose DER is damaged, which is just what a renewal
 * caught between two file writes looks like. A TLS *listener* hands the same pair to the same check of rustls
 * (CertifiedKey::from_der) and throws what the client panics at.
 */

/**
 * Why `cert` and `key` (both PEM) are not a usable pair; undefined when they are. Listens for a moment on a loopback port
 * that the kernel picks, without accepting: 0.1 ms.
 */
export function findPairFault(cert: string, key: string): string | undefined {
  try {
    Deno.listenTls({ hostname: "127.0.0.1", port: 0, cert, key }).close();
    return undefined;
  } catch (error) {
    if (error instanceof Deno.errors.NotCapable) throw error;
    const text = error instanceof Error ? error.message : String(error);
    return /KeyMismatch/.test(text) ? "do not belong together" : `can't be used (${text})`;
  }
}

/** Why `bundle` (PEM) can't serve as authorities; undefined when it can. Here the client itself throws. */
export function findBundleFault(bundle: string): string | undefined {
  try {
    Deno.createHttpClient({ caCerts: [bundle], http2: false }).close();
    return undefined;
  } catch (error) {
    return `is damaged (${error instanceof Error ? error.message : String(error)})`;
  }
}
