/** The file system that a directory is on, by findmnt(8). */
import type { RunProgram } from "../../sys/mod.ts";
import { ask } from "./program.ts";

export interface Mount {
  readonly target: string;
  readonly isReadOnly: boolean;
}

/** Undefined when it can't be found out. */
export async function findMount(run: RunProgram, directory: string): Promise<Mount | undefined> {
  const asked = await ask(run, "findmnt", [
    "--noheadings",
    "--raw",
    "--output=OPTIONS,TARGET",
    `--target=${directory}`,
  ]);
  if (asked.kind === "unseen" || asked.value.code !== 0) return undefined;
  const [line = ""] = asked.value.stdout.split("\n");
  const at = line.indexOf(" ");
  if (at < 0) return undefined;
  const options = line.slice(0, at).split(",");
  // Odd characters are written like \x20.
  const target = line.slice(at + 1).replaceAll(
    /\\x([0-9a-f]{2})/g,
    (_, hex: string) => String.fromCharCode(parseInt(hex, 16)),
  );
  return { target, isReadOnly: options.includes("ro") };
}
