/** The command line of `deno task bench`. */
import { parseArgs } from "node:util";
import { PEERS } from "./peers/all.ts";
import type { Peer } from "./peers/peer.ts";
import { tenthOf, USUAL, type Workload, WORKLOADS } from "./workloads.ts";

export interface Options {
  readonly workloads: readonly Workload[];
  readonly peers: readonly Peer[];
  readonly rounds: number;
  readonly seed: number;
  /** A directory on the disk that is to be measured. */
  readonly directory: string;
  /** A file for the figures as JSON. */
  readonly json: string | undefined;
}

export const USAGE = `deno task bench [options]

  --workload NAMES  of ${names(WORKLOADS)} (usual: ${USUAL.join(",")})
  --peers NAMES     of ${names(PEERS)} (usual: all)
  --rounds N        each peer so often, in turns (usual: 5)
  --quick           a tenth of the bytes, one round: shows that it works, not how fast
  --dir DIRECTORY   on the disk that is to be measured (usual: the one for temporary files)
  --seed N          of the episodes (usual: 1)
  --json FILE       all figures of all rounds, too

P1 needs PyPI, once. Only as root, the bytes on the wire are free of other programs' traffic on loopback.
`;

/** Says what is wrong with the command line. */
export class UsageError extends Error {}

/** Throws UsageError; with an empty message when the usage is what is asked for. */
export function parseOptions(args: readonly string[]): Options {
  const { values } = read(args);
  if (values.help) throw new UsageError("");
  const quick = values.quick ?? false;
  const workloads = choose(WORKLOADS, values.workload ?? USUAL.join(","));
  return {
    workloads: quick ? workloads.map(tenthOf) : workloads,
    peers: choose(PEERS, values.peers ?? names(PEERS)),
    rounds: values.rounds === undefined ? (quick ? 1 : 5) : count("--rounds", values.rounds),
    seed: count("--seed", values.seed ?? "1"),
    directory: values.dir ?? Deno.env.get("TMPDIR") ?? "/tmp",
    json: values.json,
  };
}

function read(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        workload: { type: "string" },
        peers: { type: "string" },
        rounds: { type: "string" },
        quick: { type: "boolean" },
        dir: { type: "string" },
        seed: { type: "string" },
        json: { type: "string" },
        help: { type: "boolean", short: "h" },
      },
    });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

function choose<T extends { readonly name: string }>(all: readonly T[], wanted: string): T[] {
  return wanted.split(",").map((name) => {
    const found = all.find((one) => one.name === name);
    if (found === undefined) throw new UsageError(`${name} is none of ${names(all)}`);
    return found;
  });
}

function names(all: readonly { readonly name: string }[]): string {
  return all.map(({ name }) => name).join(",");
}

function count(option: string, text: string): number {
  const number = Number(text);
  if (Number.isSafeInteger(number) && number > 0) return number;
  throw new UsageError(`${option} is ${text}, not a whole number above 0`);
}
