/**
 * A lab host and a receiver with Caddy, certificates of install/pki.sh, a token and a repository each, on a systemd of their
 * own with a cable between them: what the doctor's fixes are run on. `ssh pi` works from the lab host, as it does in a lab.
 */
import { fileURLToPath } from "node:url";
import { type Report, reportSchema } from "../../lib/doctor/mod.ts";
import * as v from "valibot";
import { install, REPOSITORY, until } from "../systemd/installed.ts";
import { bootHost, type Host, type Said } from "../systemd/lab.ts";
import { type Link, link } from "../systemd/link.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url)).replace(/\/$/, "");

export const PARTS = [
  "caddy",
  "git",
  "openssl",
  "faketime",
  "sudo",
  "ssh",
  "/usr/sbin/sshd",
  "/usr/share/easy-rsa/easyrsa",
] as const;

export type Row = Report["rows"][number];

export interface Looked {
  readonly code: number;
  readonly rows: readonly Row[];
  readonly ms: number;
}

export class Clinic implements AsyncDisposable {
  private constructor(readonly lab: Host, readonly pi: Host, readonly cable: Link) {}

  static async open(): Promise<Clinic> {
    // One after the other: each sweeps away what a run before left behind.
    const lab = await bootHost({ name: "lab", diskMb: 640 });
    const pi = await bootHost({ name: "pi", diskMb: 640 });
    const clinic = new Clinic(lab, pi, await link(lab, pi));
    try {
      await clinic.#prepare();
    } catch (error) {
      await clinic[Symbol.asyncDispose]();
      throw error;
    }
    return clinic;
  }

  async #prepare(): Promise<void> {
    const { lab, pi } = this;
    await Promise.all([install(lab), install(pi)]);
    for (const host of [lab, pi]) await host.run(`ln -sf ${EDITOR} /usr/bin/editor`);
    await pi.put(`${ROOT}/install`, REPOSITORY);
    await pi.run(PREPARE_PI);
    await lab.run(`mkdir -p /root/.ssh && ssh-keygen -q -t ed25519 -N '' -f /root/.ssh/id_ed25519`);
    const { stdout: key } = await lab.run("cat /root/.ssh/id_ed25519.pub");
    await pi.write("/root/.ssh/authorized_keys", key, 0o600);
    await lab.write(
      "/root/.ssh/config",
      "StrictHostKeyChecking accept-new\nLogLevel ERROR\n",
      0o600,
    );
    await lab.run(PREPARE_LAB);
    await until(lab, 20, "cis490 doctor");
    await until(pi, 20, "cis490 doctor");
  }

  /** What the doctor says there. `prefix` are words before the command, for example of faketime. */
  async look(host: Host, prefix: readonly string[] = []): Promise<Looked> {
    const began = performance.now();
    const said = await host.run([...prefix, "cis490", "doctor", "--json"], { anyCode: true });
    const ms = performance.now() - began;
    try {
      const { rows } = v.parse(reportSchema, JSON.parse(said.stdout));
      return { code: said.code, rows, ms };
    } catch (cause) {
      throw new Error(`${host.name}: no report: ${said.stdout}${said.stderr}`, { cause });
    }
  }

  /** Runs a fix as a person pastes it: in a shell, by root, whose editor is `edit` (of sed, on the file's content). */
  async mend(host: Host, fix: string, edit?: string): Promise<Said> {
    if (edit !== undefined) {
      const editor = `#!/bin/sh\nsed -i -E '${edit}' "$1"\n`;
      await Promise.all([this.lab, this.pi].map((each) => each.write(EDITOR, editor, 0o755)));
    }
    // A fix that waits for somebody is none.
    return await host.run(["timeout", "60", "bash", "-c", fix], { anyCode: true });
  }

  /** A commit on the branch of the receiver's window, `count` times; the receiver has read it when this returns. */
  async commit(count: number): Promise<void> {
    await this.pi.run(`
      cd ${REPOSITORY}
      for ((i = 0; i < ${count}; i++)); do
        git -c user.name=lab -c user.email=lab@localhost commit -q --allow-empty -m "change $i"
      done
      systemctl reload cis490-receiver`);
    const head = `git -C ${REPOSITORY} rev-parse HEAD`;
    const socket = "--unix-socket /run/cis490/receive.sock";
    await until(this.pi, 20, `curl -fsS ${socket} http://pi/v1/window | grep -q $(${head})`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.lab[Symbol.asyncDispose]();
    await this.pi[Symbol.asyncDispose]();
  }
}

const EDITOR = "/usr/local/bin/lab-editor";

/** The window is small, so that a few commits move it. */
export const WINDOW_COMMITS = 3;

const PREPARE_PI = `
set -e
cd ${REPOSITORY}
# Stands for the installer, which takes minutes: what the update of the code mends is looked at here.
printf '#!/bin/sh\\ngit -C ${REPOSITORY} log -1 --format=%%H >> /var/log/installed\\n' > install/install-lab-host.sh
chmod 755 install/install-lab-host.sh
git init -q -b main
git add -A
git -c user.name=lab -c user.email=lab@localhost commit -q -m lab
cat > /etc/cis490/receiver.toml <<'END'
listen = "unix:/run/cis490/receive.sock"
[window]
window_commits = ${WINDOW_COMMITS}
refresh_s = 5
local_repo_path = "${REPOSITORY}"
[limits]
min_free_mb = 64
END
install/pki.sh init pi 10.77.0.2
install/pki.sh enroll lab-1
install -D -m 644 install/Caddyfile /etc/caddy/Caddyfile
usermod -aG cis490 caddy
ssh-keygen -A >/dev/null
mkdir -p /run/sshd /root/.ssh
systemd-run -q --unit=lab-sshd --property=RuntimeDirectory=sshd --property=KillMode=process \\
  /usr/sbin/sshd -D -o PermitRootLogin=prohibit-password -o UsePAM=no -o UseDNS=no
systemctl enable -q --now cis490-receiver caddy
`;

/** Certificates, token and configuration come over as docs/pki.md says, and what the test wants besides is added. */
const PREPARE_LAB = `
set -e
set -o pipefail
ssh pi 'cd /etc/cis490/ca/hosts/lab-1 && tar --owner=root:0 --group=cis490:0 -c $(find * -type f)' | tar -C / -xp
cat >> /etc/cis490/lab-host.toml <<'END'
[queue]
scan_interval_s = 1
settle_s = 0
min_free_mb = 64
END
git clone -q ssh://pi${REPOSITORY} ${REPOSITORY}
systemctl enable -q --now cis490-shipper
`;
