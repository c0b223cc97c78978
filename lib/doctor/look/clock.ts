/** Whether somebody keeps this machine's clock right, by timedatectl(1). */
import type { RunProgram } from "../../sys/mod.ts";
import { ask } from "./program.ts";

export interface Timekeeping {
  /** A service is to do it. */
  readonly isOn: boolean;
  /** It has done it. */
  readonly isSynchronized: boolean;
}

/** Undefined where nobody can be asked, for example without D-Bus. */
export async function findTimekeeping(run: RunProgram): Promise<Timekeeping | undefined> {
  const asked = await ask(run, "timedatectl", [
    "show",
    "--property=CanNTP,NTP,NTPSynchronized",
  ]);
  if (asked.kind === "unseen" || asked.value.code !== 0) return undefined;
  const has = (line: string) => asked.value.stdout.split("\n").includes(line);
  // Without a service of systemd's own, as with chrony, or in a container, nothing is known but the kernel's flag.
  if (!has("CanNTP=yes") && !has("NTPSynchronized=yes")) return undefined;
  return { isOn: has("NTP=yes"), isSynchronized: has("NTPSynchronized=yes") };
}
