/** What to do about a layer that fails. */
import type { Layer } from "./answer.ts";
import type { CertificatePaths } from "./certificates.ts";
import type { Target } from "./target.ts";

interface Who {
  readonly host: string;
  readonly certificates: CertificatePaths | undefined;
}

const FIXES: Readonly<Record<Layer, (target: Target, who: Who) => string>> = {
  name: ({ hostname }) => `getent hosts ${hostname}   # none: receiver.url, /etc/hosts or DNS`,
  tcp: ({ hostname, secure }) =>
    // Plain HTTP is for a receiver on this very machine, without a proxy.
    secure
      ? `ping -c 3 ${hostname}; sudo wg show   # both well: systemctl status caddy cis490-receiver, on the receiver`
      : "systemctl status cis490-receiver",
  tls: ({ hostname, port }, { certificates }) =>
    `openssl s_client -connect ${hostname}:${port} -CAfile ${
      certificates?.caBundle ?? "/etc/ssl/certs/ca-certificates.crt"
    } </dev/null`,
  certificate: (_, { certificates }) =>
    certificates === undefined
      ? "sudoedit /etc/cis490/lab-host.toml   # receiver.client_cert and client_key"
      : `sudo openssl x509 -in ${certificates.clientCert} -noout -subject -issuer -dates; sudo ls -l ${certificates.caBundle} ${certificates.clientCert} ${certificates.clientKey}`,
  token: (_, { host }) =>
    `sudo cis490 receive token add ${host}   # on the receiver; then put it into token_file here`,
  receiver: () => "cis490 doctor --role receiver   # on the receiver",
};

/** Certificate and token are good, but not of one host: which of them is this host's is for a person to see. */
export function fixForWrongHost(target: Target, who: Who): string {
  const { host, certificates } = who;
  const token = FIXES.token(target, who);
  if (certificates === undefined) return token;
  return `sudo openssl x509 -in ${certificates.clientCert} -noout -subject   # not ${host}: have its own issued; else ${token}`;
}

export function fixFor(layer: Layer, target: Target, who: Who): string {
  return FIXES[layer](target, who);
}
