/** The commands that mend things, as they are to be run: on this machine, by a user who may use sudo. */
import type { LabHostConfig } from "../config/mod.ts";
import { UPDATE_LAB_HOST } from "../wire/mod.ts";
import { type Account, userName } from "./look/account.ts";
import type { Barrier } from "./look/rights.ts";
import { quoted } from "./words.ts";

export { UPDATE_LAB_HOST };

/** Builds and installs what lies in the repository already. */
export const REINSTALL = "cd /opt/cis490 && sudo ./install/install-lab-host.sh";
export const REINSTALL_RECEIVER = "cd /opt/cis490 && sudo ./install/install-receiver.sh";

/** What waits is tried at once, and what lies about is swept. */
export const SHIP_NOW = "sudo cis490 ship --now";

export interface ToReceiver {
  readonly config: LabHostConfig;
  readonly receiverIsHere: boolean;
}

/** `command`, a sudo one, run on the receiver: where it is this machine, without ssh. */
export function onReceiver({ config, receiverIsHere }: ToReceiver, command: string): string {
  if (receiverIsHere) return command;
  return `ssh ${hostOf(config)} ${command}`;
}

/** Edits a file on the receiver, with a terminal, and has the unit read it. */
export function editOnReceiver(to: ToReceiver, file: string): string {
  const command = `sudoedit ${file} && sudo systemctl reload cis490-receiver`;
  return to.receiverIsHere ? command : `ssh -t ${hostOf(to.config)} '${command}'`;
}

/** Lets the unit's group through a barrier, and nobody else. */
export function letThrough({ path, isDirectory }: Barrier, who: Account | undefined): string {
  const right = isDirectory ? "x" : "r";
  return `sudo chgrp ${userName(who)} ${quoted(path)} && sudo chmod g+${right} ${quoted(path)}`;
}

function hostOf({ receiver }: LabHostConfig): string {
  return new URL(receiver.url).hostname.replace(/^\[(.*)\]$/, "$1");
}

/** A new token for this host, from the receiver straight into its place. */
export function newToken(to: ToReceiver): string {
  const { hostId, receiver: { tokenFile } } = to.config;
  const add = onReceiver(to, `sudo cis490 receive token add ${hostId}`);
  return `${add} | sudo install -g cis490 -m 640 /dev/stdin ${quoted(tokenFile)}`;
}

const PKI = "/etc/cis490/pki";

/** The certificate files that the receiver's authority has for this host. */
export function bringCertificates(to: ToReceiver, options: { readonly renew: boolean }): string {
  const { hostId, receiver: { certificates } } = to.config;
  const paths = certificates && [
    certificates.caBundle,
    certificates.clientCert,
    certificates.clientKey,
  ];
  if (paths?.some((path) => !path.startsWith(`${PKI}/`))) {
    return `sudo ls -l ${paths.map(quoted).join(" ")}   # these are not where pki.sh puts them`;
  }
  const renew = options.renew
    ? `${onReceiver(to, `sudo /opt/cis490/install/pki.sh renew ${hostId}`)} && `
    : "";
  // Files alone: a directory would bring its mode along, which is root's alone there.
  const files = ["ca.crt", "client.crt", "client.key"].map((name) => `etc/cis490/pki/${name}`);
  const pack = `sudo tar -C /etc/cis490/ca/hosts/${hostId} --owner=root:0 --group=cis490:0 -c ` +
    files.join(" ");
  return `${renew}${onReceiver(to, pack)} | sudo tar -C / -xp --backup=numbered`;
}

/** Edits a configuration, and has the unit read it. */
export function edit(file: string, unit: string): string {
  return `sudoedit ${quoted(file)} && sudo systemctl restart ${unit}`;
}
