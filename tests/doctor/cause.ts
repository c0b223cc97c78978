/** What a cause is, and how it is brought about. */
import { record, REPOSITORY } from "../systemd/installed.ts";
import { type Clinic, WINDOW_COMMITS } from "./clinic.ts";

export interface Cause {
  /** On which machine the doctor is asked. */
  readonly on: "lab" | "pi";
  /** Of the first row. */
  readonly code: string;
  readonly severity: "red" | "yellow";
  /** Of the row's cause. */
  readonly words: RegExp;
  readonly bring: (clinic: Clinic) => Promise<unknown>;
  /** What a person does in the editor that the fix opens: a script of sed -E. */
  readonly edit?: string;
  /** Words before the doctor's command. The cause ends without them, and the fix is not run. */
  readonly prefix?: readonly string[];
  /** Takes away what the fix leaves, so that the next cause finds the machines as they were. */
  readonly after?: (clinic: Clinic) => Promise<unknown>;
}

export const DATA = "/var/lib/cis490";
export const PKI = "/etc/cis490/pki";
export const AUTHORITY = "/etc/cis490/ca";

/** Runs a script on the lab host. */
export function lab(script: string): Cause["bring"] {
  return ({ lab }) => lab.run(script);
}

export function pi(script: string): Cause["bring"] {
  return ({ pi }) => pi.run(script);
}

/** A certificate of our authority for the lab host's own key, for `days` from `start` (of faketime) on. */
export function issued(start: string, days: number): Cause["bring"] {
  const key = `${AUTHORITY}/hosts/lab-1/etc/cis490/pki/client.key`;
  return async ({ lab, pi }) => {
    const { stdout } = await pi.run(`
      openssl req -new -key ${key} -subj /CN=lab-1 |
        faketime -f ${start} openssl x509 -req -CA ${AUTHORITY}/ca.crt -CAkey ${AUTHORITY}/private/ca.key \\
          -extfile <(echo extendedKeyUsage=clientAuth) -set_serial 0x$(openssl rand -hex 8) -days ${days} 2>/dev/null`);
    await lab.run(`cat > ${PKI}/client.crt`, { stdin: stdout });
  };
}

/** Fills the disk but for 40 MiB, by what a package manager left. */
export const FILL = `
  mkdir -p /var/cache/apt/archives
  free=$(df --output=avail -B1M / | tail -1)
  fallocate -l $((free - 40))M /var/cache/apt/archives/left_1_all.deb`;

export const SEAL = (file: string) => `chown root:root ${file} && chmod 600 ${file}`;

/** An episode that was recorded by `commit`; of the lab host's own unless said. */
export function episode(id: string, commit?: string): Cause["bring"] {
  return async ({ lab }) => {
    const { stdout } = await lab.run(`git -C ${REPOSITORY} rev-parse HEAD`);
    await record(lab, [id], commit ?? stdout.trim());
  };
}

export async function moveWindow(clinic: Clinic): Promise<void> {
  await clinic.commit(4);
}

/** The shipper hears of a window a minute late, so the episode is not waited for. */
export async function moveWindowBack({ lab, pi }: Clinic): Promise<void> {
  await lab.run(`rm -rf ${DATA}/episodes/held-*`);
  await pi.run(`
    sed -i 's/^window_commits.*/window_commits = ${WINDOW_COMMITS}/' /etc/cis490/receiver.toml
    systemctl reload cis490-receiver`);
}
