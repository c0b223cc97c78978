import assert from "node:assert/strict";
import { describeFailure } from "./failure.ts";

const SENDING = "error sending request from 127.0.0.1:36030 for https://pi:8443/ (10.0.0.2:8443): ";

Deno.test("what the runtime throws is told by layer and in words, without addresses", () => {
  const cases: [string, string, RegExp][] = [
    [
      "error sending request for url (http://pi:1/): client error (Connect): dns error: failed to " +
      "lookup address information: Name or service not known",
      "name",
      /does not resolve \(Name or service not known\)$/,
    ],
    ["getaddrinfo ENOTFOUND pi", "name", /does not resolve \(ENOTFOUND\)$/],
    [
      `${SENDING}client error (Connect): tcp connect error: Connection refused (os error 111)`,
      "tcp",
      /refused/,
    ],
    ["No route to host (os error 113)", "tcp", /^No route to host: is the WireGuard link up\?$/],
    ["invalid peer certificate: UnknownIssuer", "tls", /not signed by an authority in ca_bundle/],
    ["invalid peer certificate: Expired", "tls", /has expired/],
    ["invalid peer certificate: BadEncoding", "tls", /not acceptable \(BadEncoding\)/],
    [
      `${SENDING}connection error: received fatal alert: BadCertificate`,
      "certificate",
      /BadCertificate/,
    ],
    ["received fatal alert: CertificateRequired", "certificate", /does not accept/],
    ["received fatal alert: InternalError", "tls", /no certificate for the name/],
    ["received fatal alert: ProtocolVersion", "tls", /broke off the TLS handshake/],
    ["received corrupt message of type InvalidContentType", "tls", /does not speak TLS/],
    [
      `${SENDING}client error (SendRequest): something new`,
      "tcp",
      /^client error \(SendRequest\): something new$/,
    ],
  ];
  for (const [message, layer, why] of cases) {
    const failure = describeFailure(new TypeError(message));
    assert.equal(failure.layer, layer, message);
    assert.match(failure.why, why);
    assert.doesNotMatch(failure.why, /127\.0\.0\.1|10\.0\.0\.2/);
  }
});

Deno.test("a cause tells the layer when the message itself does not", () => {
  const cause = new Error("received fatal alert: CertificateExpired");
  const failure = describeFailure(new TypeError("connection error", { cause }));
  assert.equal(failure.layer, "certificate");
  assert.deepEqual(describeFailure("odd\nthing"), { layer: "tcp", why: "odd thing" });
});
