/** What can be wrong with a lab host, and what of its receiver it sees. */
import { REPOSITORY } from "../systemd/installed.ts";
import {
  AUTHORITY,
  type Cause,
  DATA,
  episode,
  FILL,
  issued,
  lab,
  moveWindow,
  moveWindowBack,
  pi,
  PKI,
  SEAL,
} from "./cause.ts";

export const LAB_HOST_CAUSES = {
  "certificate removed": {
    on: "lab",
    code: "certificate-not-ready",
    severity: "red",
    words: /client\.crt is missing/,
    bring: lab(`rm ${PKI}/client.crt`),
  },
  "key of another pair": {
    on: "lab",
    code: "certificate-not-ready",
    severity: "red",
    words: /do not belong together/,
    bring: lab(`openssl ecparam -genkey -name prime256v1 -noout > ${PKI}/client.key`),
  },
  "certificate expired": {
    on: "lab",
    code: "certificate-not-ready",
    severity: "red",
    words: /client\.crt expired on/,
    bring: issued("-60d", 30),
  },
  "certificate expires in five days": {
    on: "lab",
    code: "certificate-expiring",
    severity: "yellow",
    words: /client\.crt has 4 days left/,
    bring: issued("+0d", 5),
  },
  "certificate of another host": {
    on: "lab",
    code: "token-refused",
    severity: "red",
    words: /the certificate is "lab-2"'s, the token lab-1's/,
    bring: async ({ lab, pi }) => {
      const there = `${AUTHORITY}/hosts/lab-2/etc/cis490/pki`;
      await pi.run(`test -d ${there} || ${REPOSITORY}/install/pki.sh enroll lab-2`);
      for (const file of ["client.crt", "client.key"]) {
        await lab.run(`ssh pi cat ${there}/${file} > ${PKI}/${file}`);
      }
    },
  },
  "certificate of another authority": {
    on: "lab",
    code: "certificate-refused",
    severity: "red",
    words: /^certificate: /,
    bring: lab(`
      openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj /CN=lab-1 -days 90 \\
        -keyout ${PKI}/client.key -out ${PKI}/client.crt 2>/dev/null`),
  },
  "certificate that the shipper may not read": {
    on: "lab",
    code: "certificate-not-ready",
    severity: "red",
    words: /client\.key is good, but cis490, .* may not read it/,
    bring: lab(SEAL(`${PKI}/client.key`)),
  },
  "token wrong": {
    on: "lab",
    code: "token-refused",
    severity: "red",
    words: /the token is not one of this receiver's/,
    bring: lab("openssl rand -base64 33 | tr +/ -_ > /etc/cis490/token"),
  },
  "token missing": {
    on: "lab",
    code: "token-not-ready",
    severity: "red",
    words: /\/etc\/cis490\/token: no such file/,
    bring: lab("rm /etc/cis490/token"),
  },
  "token that the shipper may not read": {
    on: "lab",
    code: "token-not-ready",
    severity: "red",
    words: /token holds one, but cis490, .* may not read it/,
    bring: lab(SEAL("/etc/cis490/token")),
  },
  "configuration broken": {
    on: "lab",
    code: "configuration-bad",
    severity: "red",
    words:
      /lab-host\.toml:\d+: queue\.scan_intervall_s: unknown key; did you mean scan_interval_s\?/,
    bring: lab("sed -i s/^scan_interval_s/scan_intervall_s/ /etc/cis490/lab-host.toml"),
    edit: "s/intervall/interval/",
  },
  "configuration that the shipper may not read": {
    on: "lab",
    code: "configuration-bad",
    severity: "red",
    words: /is good, but cis490, cis490-shipper's user, may not read it/,
    bring: lab(SEAL("/etc/cis490/lab-host.toml")),
  },
  "episodes/ of root": {
    on: "lab",
    code: "data-dir-unusable",
    severity: "red",
    words: /^cis490 may not add to \/var\/lib\/cis490\/episodes/,
    bring: lab(`chown root:root ${DATA}/episodes && chmod 755 ${DATA}/episodes`),
  },
  "data directory gone": {
    on: "lab",
    code: "data-dir-unusable",
    severity: "red",
    words: /^\/var\/lib\/cis490 is not there/,
    bring: lab(`mv ${DATA} ${DATA}.away`),
    after: lab(`rm -rf ${DATA}.away`),
  },
  "file system mounted read-only": {
    on: "lab",
    code: "data-dir-read-only",
    severity: "red",
    words: /^\/var\/lib\/cis490, .* is mounted read-only/,
    bring: lab(`
      systemctl stop cis490-shipper
      mount --bind ${DATA} ${DATA} && mount -o remount,bind,ro ${DATA}
      systemctl start cis490-shipper || :`),
    after: lab(`systemctl stop cis490-shipper; umount ${DATA}; systemctl restart cis490-shipper`),
  },
  "disk full": {
    on: "lab",
    code: "disk-full",
    severity: "red",
    words: /MiB are free, less than min_free_mb = 64/,
    bring: lab(FILL),
  },
  "unit stopped": {
    on: "lab",
    code: "shipper-down",
    severity: "red",
    words: /^cis490-shipper is stopped/,
    bring: lab("systemctl stop cis490-shipper"),
  },
  "unit masked": {
    on: "lab",
    code: "shipper-down",
    severity: "red",
    words: /^cis490-shipper is masked/,
    // What is masked lies where the administrator's own units do, so it is put aside.
    bring: lab(`
      mv /etc/systemd/system/cis490-shipper.service /usr/lib/systemd/system/
      systemctl daemon-reload && systemctl mask -q --now cis490-shipper`),
  },
  "unit disabled": {
    on: "lab",
    code: "shipper-not-enabled",
    severity: "yellow",
    words: /^cis490-shipper runs, but is disabled/,
    bring: lab("systemctl disable -q cis490-shipper"),
  },
  "clock ahead by 20 minutes": {
    on: "lab",
    code: "clock-wrong",
    severity: "red",
    words: /this host's clock is 20 min ahead of the receiver's/,
    bring: () => Promise.resolve(),
    prefix: ["faketime", "-f", "+20m"],
  },
  "clock before the certificate's beginning": {
    on: "lab",
    code: "clock-wrong",
    severity: "red",
    words: /is not valid before .* later than this host's clock/,
    bring: () => Promise.resolve(),
    prefix: ["faketime", "-f", "-9d"],
  },
  "name not resolving": {
    on: "lab",
    code: "receiver-unreachable",
    severity: "red",
    words: /^name: .* does not resolve/,
    bring: lab("sed '/ pi$/d' /etc/hosts > /tmp/hosts && cat /tmp/hosts > /etc/hosts"),
    edit: "$ a 10.77.0.2 pi",
  },
  "proxy stopped, from the lab host": {
    on: "lab",
    code: "receiver-unreachable",
    severity: "red",
    words: /^tcp: connection refused/,
    bring: pi("systemctl stop caddy"),
  },
  "receiver stopped, from the lab host": {
    on: "lab",
    code: "receiver-refuses",
    severity: "red",
    words: /502/,
    bring: pi("systemctl stop cis490-receiver"),
  },
  "window moved": {
    on: "lab",
    code: "commit-outside-window",
    severity: "red",
    words: /is not among the 3 that are accepted/,
    bring: moveWindow,
  },
  "episode held (412)": {
    on: "lab",
    code: "out-of-window",
    severity: "red",
    words: /^1 ship\(s\) rejected as out-of-window: /,
    bring: async (clinic) => {
      await moveWindow(clinic);
      await episode(`held-${crypto.randomUUID()}`)(clinic);
    },
    edit: "s/^window_commits.*/window_commits = 90/",
    after: moveWindowBack,
  },
  "episode refused (400)": {
    on: "lab",
    code: "episodes-refused",
    severity: "yellow",
    words: /^1 ship\(s\) rejected as unstamped/,
    bring: (clinic) => episode(`bad-${crypto.randomUUID()}`, "v1.2")(clinic),
    after: lab(`rm -rf ${DATA}/quarantine/bad-*`),
  },
  "stranger in episodes/": {
    on: "lab",
    code: "strangers",
    severity: "yellow",
    words: /episodes\/notes of today can be no episode/,
    bring: lab(`mkdir "${DATA}/episodes/notes of today"`),
    after: lab(`rmdir ${DATA}/episodes/notes_of_today`),
  },
  "file in episodes/": {
    on: "lab",
    code: "strangers",
    severity: "yellow",
    words: /episodes\/notes\.txt can be no episode: it is a file/,
    bring: lab(`echo note > ${DATA}/episodes/notes.txt`),
    after: lab(`rm ${DATA}/notes.txt`),
  },
  "episode of root": {
    on: "lab",
    code: "episodes-immovable",
    severity: "red",
    words: /^1 episode may not be moved by cis490: by-root/,
    bring: lab(
      `mkdir ${DATA}/by-root && echo x > ${DATA}/by-root/log && mv ${DATA}/by-root ${DATA}/episodes/`,
    ),
    after: lab(`rm -rf ${DATA}/episodes/by-root`),
  },
  "episode with a file that can't be read": {
    on: "lab",
    code: "episodes-stuck",
    severity: "red",
    words: /^1 episode stuck: sealed-/,
    bring: async (clinic) => {
      const id = `sealed-${crypto.randomUUID()}`;
      const { stdout } = await clinic.lab.run(`git -C ${REPOSITORY} rev-parse HEAD`);
      await clinic.lab.run(`
        cd ${DATA} && mkdir ${id}
        echo '{"code_version":{"commit":"${stdout.trim()}"}}' > ${id}/meta.json
        echo secret > ${id}/log && chown -R cis490: ${id} && ${SEAL(`${id}/log`)}
        mv ${id} episodes/`);
    },
  },
  "quarantine about to be emptied": {
    on: "lab",
    code: "quarantine-ends",
    severity: "yellow",
    words: /^1 episode: 1 bad-meta; the oldest is deleted in 5 days/,
    bring: lab(`
      mkdir -p ${DATA}/quarantine/old/episode
      printf '{"code":"bad-meta","detail":"why","remediation":null,"quarantined_at":"%s"}' \\
        "$(date -u -d '25 days ago' +%FT%T.000Z)" > ${DATA}/quarantine/old/quarantine_reason.json
      chown -R cis490: ${DATA}/quarantine`),
    edit: "/^settle_s/a quarantine_keep_days = 0",
    after: lab(`
      rm -r ${DATA}/quarantine/old
      sed -i /quarantine_keep_days/d /etc/cis490/lab-host.toml; systemctl reload cis490-shipper`),
  },
} as const satisfies Readonly<Record<string, Cause>>;
