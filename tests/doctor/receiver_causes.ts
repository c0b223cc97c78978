/** What can be wrong with a receiver. */
import { REPOSITORY } from "../systemd/installed.ts";
import { type Cause, DATA, FILL, pi, SEAL } from "./cause.ts";

export const RECEIVER_CAUSES = {
  "receiver stopped": {
    on: "pi",
    code: "receiver-down",
    severity: "red",
    words: /^cis490-receiver is stopped/,
    bring: pi("systemctl stop cis490-receiver"),
  },
  "receiver disabled": {
    on: "pi",
    code: "receiver-not-enabled",
    severity: "yellow",
    words: /^cis490-receiver runs, but is disabled/,
    bring: pi("systemctl disable -q cis490-receiver"),
  },
  "receiver's configuration broken": {
    on: "pi",
    code: "configuration-bad",
    severity: "red",
    words: /receiver\.toml:\d+: window\.refresh_s: expected /,
    bring: pi(`sed -i 's/^refresh_s.*/refresh_s = "often"/' /etc/cis490/receiver.toml`),
    edit: "s/^refresh_s.*/refresh_s = 5/",
  },
  "proxy stopped": {
    on: "pi",
    code: "proxy-down",
    severity: "red",
    words: /^Caddy is inactive/,
    bring: pi("systemctl stop caddy"),
  },
  "proxy's user in no group of the receiver's": {
    on: "pi",
    code: "proxy-down",
    severity: "red",
    words: /^caddy, Caddy's user, is not in group cis490/,
    bring: pi("gpasswd -d caddy cis490 >/dev/null; systemctl restart caddy || :"),
  },
  "tokens open to everybody": {
    on: "pi",
    code: "tokens-missing",
    severity: "yellow",
    words: /tokens\.toml is open to every user/,
    bring: pi("chmod 644 /etc/cis490/tokens.toml"),
  },
  "tokens that the receiver may not read": {
    on: "pi",
    code: "tokens-missing",
    severity: "red",
    words: /^cis490, the receiver's user, may not read \/etc\/cis490\/tokens\.toml/,
    bring: pi(SEAL("/etc/cis490/tokens.toml")),
  },
  "store full": {
    on: "pi",
    code: "store-full",
    severity: "red",
    words: /less than min_free_mb = 64: nothing more is accepted/,
    bring: pi(FILL),
  },
  "store of root": {
    on: "pi",
    code: "store-unusable",
    severity: "red",
    words: /^cis490 may not add to \/var\/lib\/cis490\/store\/episodes/,
    bring: pi(`chown root:root ${DATA}/store/episodes && chmod 755 ${DATA}/store/episodes`),
  },
  "receiver listens elsewhere": {
    on: "pi",
    code: "receiver-silent",
    severity: "red",
    words: /^no answer at \/run\/cis490\/other\.sock/,
    // The proxy knows of it already: the receiver alone was not restarted.
    bring: pi(`
      sed -i s/receive\\.sock/other.sock/ /etc/cis490/receiver.toml
      mkdir -p /etc/systemd/system/caddy.service.d
      printf '[Service]\\nEnvironment=CIS490_SOCKET=/run/cis490/other.sock\\n' \\
        > /etc/systemd/system/caddy.service.d/lab.conf
      systemctl daemon-reload && systemctl restart caddy`),
    after: pi(`
      sed -i s/other\\.sock/receive.sock/ /etc/cis490/receiver.toml
      rm /etc/systemd/system/caddy.service.d/lab.conf
      systemctl daemon-reload && systemctl restart caddy cis490-receiver`),
  },
  "Forgejo away, and no window": {
    on: "pi",
    code: "window-unknown",
    severity: "red",
    words: /^no window of main: /,
    bring: pi(`
      mkdir -p /srv/forgejo/api/v1/repos/lab/code
      git -C ${REPOSITORY} log -3 --format='{"sha":"%H"}' | paste -sd, | sed 's/.*/[&]/' \\
        > /srv/forgejo/api/v1/repos/lab/code/commits
      printf '[Service]\\nExecStart=/usr/bin/python3 -m http.server -b 127.0.0.1 -d /srv/forgejo 3000\\n' \\
        > /etc/systemd/system/forgejo.service
      cp -p /etc/cis490/receiver.toml /etc/cis490/receiver.toml.git
      sed -i '/^local_repo_path/c local_repo_path = ""\\nforgejo_url = "http://127.0.0.1:3000"\\nrepository = "lab/code"' \\
        /etc/cis490/receiver.toml
      systemctl daemon-reload
      rm -f ${DATA}/store/window.json
      systemctl restart cis490-receiver`),
    after: pi(`
      mv /etc/cis490/receiver.toml.git /etc/cis490/receiver.toml
      systemctl stop forgejo && rm /etc/systemd/system/forgejo.service && systemctl daemon-reload
      systemctl restart cis490-receiver`),
  },
} as const satisfies Readonly<Record<string, Cause>>;
