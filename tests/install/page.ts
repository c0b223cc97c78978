/**
 * A page of docs as what it tells its reader to do: blocks of commands, each for a machine, and files that are brought from
 * one to the other (in comments, since the text leaves the how to its reader).
 */
import type { Host } from "../systemd/lab.ts";

export type Machine = "pi" | "lab";

export type Deed =
  | { readonly kind: "run"; readonly machine: Machine; readonly script: string }
  | {
    readonly kind: "carry";
    readonly from: Machine;
    readonly path: string;
    readonly to: Machine;
    readonly directory: string;
  };

const PART =
  /^```sh (?<machine>pi|lab)\n(?<script>[^]*?)^```$|^<!-- carry (?<from>pi|lab):(?<path>\S+) (?<to>pi|lab):(?<directory>\S+) -->$/gm;

/** In the order of the page. */
export function readPage(text: string): Deed[] {
  return [...text.matchAll(PART)].map(({ groups = {} }): Deed => {
    const { machine, script = "", from, path = "", to, directory = "" } = groups;
    if (machine !== undefined) return { kind: "run", machine: toMachine(machine), script };
    return { kind: "carry", from: toMachine(from), path, to: toMachine(to), directory };
  });
}

/** Does all of it, as `user`, in a login shell that stops at the first failure. Throws what that said. */
export async function runPage(
  text: string,
  hosts: Readonly<Record<Machine, Host>>,
  user = "root",
): Promise<void> {
  const deeds = readPage(text);
  if (deeds.length === 0) throw new Error("there is nothing to do on that page");
  for (const deed of deeds) {
    if (deed.kind === "run") {
      const words = `set -euo pipefail\n${deed.script}`;
      await hosts[deed.machine].run(["runuser", "-l", user, "-c", words]);
    } else {
      await carry(hosts[deed.from], deed.path, hosts[deed.to], deed.directory);
    }
  }
}

async function carry(from: Host, path: string, to: Host, directory: string): Promise<void> {
  const outer = await Deno.makeTempDir();
  try {
    await from.get(path, outer);
    await to.put(`${outer}/${path.split("/").at(-1)}`, directory);
  } finally {
    await Deno.remove(outer, { recursive: true });
  }
}

function toMachine(word: string | undefined): Machine {
  return word === "pi" ? "pi" : "lab";
}
