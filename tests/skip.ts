/**
 * What a test needs of its machine. A test that lacks something is skipped and says which Debian package brings it; where
 * CI=true, a missing package or right is a failure, and only a kernel feature may be skipped.
 *
 *     Deno.test({
 *       ...needs("bsdtar restores the same tree", { commands: ["bsdtar"] }),
 *       async fn() { … },
 *     });
 */

import { isThere, readPackages } from "./run/packages.ts";

/** What there must be. */
export interface Needs {
  /** Commands on PATH, or absolute paths of files. */
  readonly commands?: readonly string[];
  readonly root?: boolean;
  /** A feature of the kernel, in words, and whether it is there: found out by trying, not by a version number. */
  readonly kernel?: { readonly feature: string; readonly present: () => boolean };
}

/** The part of a test's definition that follows from its needs. */
export interface Needing {
  readonly name: string;
  readonly ignore: boolean;
}

/** Its first lack, in words, and whether CI may do without. */
interface Lack {
  readonly what: string;
  readonly excused: boolean;
}

/**
 * Whether the test `name` can run here. If not, this prints `skip: <name>: needs <what>`; in CI, it registers a test that
 * fails by saying so, unless it is the kernel that lacks it.
 */
export function needs(name: string, parts: Needs): Needing {
  const lack = findLack(parts);
  if (lack === undefined) return { name, ignore: false };
  const words = `${name}: needs ${lack.what}`;
  if (Deno.env.get("CI") === "true" && !lack.excused) {
    Deno.test(`${name} (part missing)`, () => {
      throw new Error(words);
    });
  } else {
    console.log(`skip: ${words}`);
  }
  // The name carries the reason, so that every list of skipped tests says it.
  return { name: words, ignore: true };
}

function findLack({ commands = [], root = false, kernel }: Needs): Lack | undefined {
  const command = commands.find((part) => !isThere(part));
  if (command !== undefined) {
    const owner = readPackages().find(({ brings }) => brings.includes(command))?.name;
    const what = owner === undefined ? command : `${command} (Debian package ${owner})`;
    return { what, excused: false };
  }
  if (root && Deno.uid() !== 0) return { what: "root", excused: false };
  if (kernel !== undefined && !kernel.present()) {
    return { what: `${kernel.feature}, which this kernel lacks`, excused: true };
  }
  return undefined;
}
