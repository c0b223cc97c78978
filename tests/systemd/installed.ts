/**
 * The program on a host of the lab: binary, units, user and directories where the installer puts them, and what the tests
 * do with them.
 */
import type { Host } from "./lab.ts";

const ROOT = new URL("../..", import.meta.url).pathname.replace(/\/$/, "");
export const BINARY = `${ROOT}/dist/cis490`;
export const SHIPPER = "cis490-shipper";
export const RECEIVER = "cis490-receiver";
/** Of the lab's code: its repository on the host has this one commit's files. */
export const REPOSITORY = "/opt/cis490";

/** Puts the program on the host. Nothing is enabled, and there is no configuration. */
export async function install(host: Host, binary = BINARY): Promise<void> {
  await host.put(binary, "/usr/bin");
  await host.put(`${ROOT}/systemd`, "/tmp");
  await host.run(`
    set -e
    chmod 755 /usr/bin/cis490
    cd /tmp/systemd
    install -D -m 755 -t /usr/lib/cis490 restart-delay
    install -D -m 644 -t /usr/local/lib/systemd/system *.service *.timer
    install -D -m 644 -t /usr/lib/sysusers.d sysusers.d/cis490.conf
    install -D -m 644 -t /usr/lib/tmpfiles.d tmpfiles.d/cis490.conf
    systemd-sysusers cis490.conf
    systemd-tmpfiles --create cis490.conf
    systemctl daemon-reload
  `);
}

/** Gives the receiver a configuration and a window of one commit; returns that commit. */
export async function configureReceiver(
  host: Host,
  listen = "127.0.0.1:8490",
): Promise<string> {
  await host.write(
    "/etc/cis490/receiver.toml",
    `listen = "${listen}"
proxy_identity = false
[window]
local_repo_path = "${REPOSITORY}"
[limits]
min_free_mb = 16
`,
  );
  const { stdout } = await host.run(`
    set -e
    mkdir -p ${REPOSITORY} && cd ${REPOSITORY}
    git init -q -b main
    git -c user.name=lab -c user.email=lab@localhost commit -q --allow-empty -m lab
    git rev-parse HEAD
  `);
  return stdout.trim();
}

/** Gives the shipper a configuration and, if there is a receiver on this host, its token. */
export async function configureShipper(host: Host, more = ""): Promise<void> {
  await host.write("/etc/cis490/lab-host.toml", labHostToml(more));
  const { code, stdout } = await host.run("cis490 receive token add lab-1", { anyCode: true });
  await host.write("/etc/cis490/token", code === 0 ? stdout : "none\n", 0o640);
  await host.run("chgrp cis490 /etc/cis490/token");
}

export function labHostToml(more = ""): string {
  return `host_id = "lab-1"
[receiver]
url = "http://127.0.0.1:8490"
[queue]
scan_interval_s = 1
settle_s = 0
min_free_mb = 16
${more}`;
}

/** Records episodes as an orchestrator does: whole directories, moved into the queue. */
export async function record(
  host: Host,
  ids: readonly string[],
  commit: string,
  kib = 64,
): Promise<void> {
  await host.run(["bash", "-c", RECORD, "record", commit, `${kib}`, ...ids]);
}

const RECORD = `
set -e
commit=$1 kib=$2
shift 2
cd /var/lib/cis490
mkdir -p recording
for id in "$@"; do
  mkdir -p "recording/$id/proc"
  printf '{"episode_id":"%s","code_version":{"commit":"%s"}}' "$id" "$commit" > "recording/$id/meta.json"
  head -c "$kib"K /dev/urandom > "recording/$id/proc/telemetry"
  chown -R cis490:cis490 "recording/$id"
  mv "recording/$id" episodes/
done
`;

/**
 * Waits until `command` succeeds in the host; throws what it said last when it does not within `seconds`, the time that the
 * command itself takes not counted.
 */
export async function until(host: Host, seconds: number, command: string): Promise<void> {
  const line = `
    for ((i = 0; i < ${seconds * 10}; i++)); do
      if said=$(bash -c "$0" 2>&1); then exit 0; fi
      sleep 0.1
    done
    printf '%s\\n' "$said" >&2; exit 1`;
  const { code, stderr } = await host.run(["bash", "-c", line, command], { anyCode: true });
  if (code === 0) return;
  const journal = await host.run("journalctl -n 40 -o short-monotonic --no-pager");
  throw new Error(`not within ${seconds} s: ${command}\n${stderr}\n${journal.stdout}`);
}

/** A property of a unit, as `systemctl show` gives it. */
export async function show(host: Host, unit: string, property: string): Promise<string> {
  return (await host.run(["systemctl", "show", "--value", "-p", property, unit])).stdout.trim();
}

/** Messages of a unit, or what matches `pattern` of them, oldest first. */
export async function journal(host: Host, unit: string, pattern = "."): Promise<string[]> {
  const { stdout } = await host.run(["journalctl", "-u", unit, "-o", "cat", "--no-pager", "--all"]);
  return stdout.split("\n").filter((line) => new RegExp(pattern).test(line));
}

/** Adds lines to a unit's [Service] section. */
export async function dropIn(host: Host, unit: string, lines: string): Promise<void> {
  await host.write(`/etc/systemd/system/${unit}.service.d/lab.conf`, `[Service]\n${lines}\n`);
  await host.run(["systemctl", "daemon-reload"]);
}
