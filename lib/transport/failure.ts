/** From what the runtime throws to the layer that failed and words for it. */
import type { Layer } from "./answer.ts";

export interface Failure {
  readonly layer: Layer;
  readonly why: string;
}

interface Row {
  readonly pattern: RegExp;
  readonly layer: Layer;
  readonly why: (detail: string) => string;
}

/** What rustls says of the receiver's certificate: the name of the fault, or a sentence with its particulars. */
const PEER_CERTIFICATE: readonly (readonly [RegExp, string])[] = [
  [/^UnknownIssuer/, "the receiver's certificate is not signed by an authority in ca_bundle"],
  [
    /^Expired|^certificate expired/,
    "the receiver's certificate has expired, or this host's clock is wrong",
  ],
  [
    /^NotValidYet|^certificate not valid yet/,
    "the receiver's certificate is not valid yet, or this host's clock is wrong",
  ],
  [
    /^NotValidForName|^certificate not valid for name/,
    "the receiver's certificate is for another name than the one in receiver.url",
  ],
];

/** The first match wins. The texts are those of hyper, rustls and the C library inside Deno. */
const ROWS: readonly Row[] = [
  {
    pattern:
      /(?:dns error: )?failed to lookup address information: (.*)|dns error: (.*)|getaddrinfo (\S+)/,
    layer: "name",
    why: (detail) => `the receiver's name does not resolve (${detail})`,
  },
  {
    pattern: /invalid peer certificate: (.+)/,
    layer: "tls",
    why: (detail) =>
      PEER_CERTIFICATE.find(([pattern]) => pattern.test(detail))?.[1] ??
        `the receiver's certificate is not acceptable (${detail})`,
  },
  {
    // RFC 8446 section 6.2: the alerts by which a server refuses a client's certificate.
    pattern:
      /received fatal alert: (BadCertificate|UnsupportedCertificate|CertificateRevoked|CertificateExpired|CertificateUnknown|CertificateRequired|UnknownCa|UnknownCA|AccessDenied)/,
    layer: "certificate",
    why: (detail) => `the receiver does not accept this host's certificate (${detail})`,
  },
  {
    // Caddy's word for it is the first.
    pattern: /received fatal alert: (InternalError|UnrecognizedName|UnrecognisedName)/,
    layer: "tls",
    why: (detail) =>
      `the receiver has no certificate for the name in receiver.url, or failed (${detail})`,
  },
  {
    pattern: /received fatal alert: (\w+)/,
    layer: "tls",
    why: (detail) => `the receiver broke off the TLS handshake (${detail})`,
  },
  {
    pattern: /(received corrupt message|peer is incompatible|tls handshake eof)/i,
    layer: "tls",
    why: (detail) => `what listens there does not speak TLS as expected (${detail})`,
  },
  {
    pattern: /invalid HTTP|(invalid \w+ parsed)|message head is too large/i,
    layer: "receiver",
    why: () => "what listens there does not speak HTTP",
  },
  {
    pattern: /Connection refused/,
    layer: "tcp",
    why: () => "connection refused: nothing listens there",
  },
  {
    pattern: /(No route to host|Network is unreachable|Host is unreachable)/,
    layer: "tcp",
    why: (detail) => `${detail}: is the WireGuard link up?`,
  },
  {
    pattern:
      /connection closed before message completed|Connection reset|Broken pipe|error reading a body|unexpected EOF|close_notify|end of file/i,
    layer: "tcp",
    why: () => "the connection was cut before the answer was whole",
  },
];

/** Where and why `error` happened. Unknown texts count as the connection's, with the text itself. */
export function describeFailure(error: unknown): Failure {
  const text = textOf(error);
  for (const { pattern, layer, why } of ROWS) {
    const match = pattern.exec(text);
    if (match === null) continue;
    return { layer, why: why(match.slice(1).find((part) => part !== undefined) ?? match[0]) };
  }
  return { layer: "tcp", why: text };
}

/** The message and its causes on one line, without the URL and addresses that Deno puts first. */
function textOf(error: unknown): string {
  const parts: string[] = [];
  for (let at = error; at instanceof Error && parts.length < 4; at = at.cause) {
    parts.push(
      at.message.replace(/^error sending request (from \S+ )?for (url )?\S+( \([^)]*\))?: /, ""),
    );
  }
  const text = parts.length > 0 ? parts.join(": ") : String(error);
  return text.replaceAll(/\s+/g, " ").trim();
}
