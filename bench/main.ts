/**
 * This program against others that do its job: whole processes, both ends, mutual TLS on loopback, in turns.
 *
 *     deno task bench [--workload NAMES] [--peers NAMES] [--rounds N] [--quick] [--json FILE]
 *
 * docs/performance.md says what the figures mean and what they were.
 */
import { isThere } from "../tests/run/packages.ts";
import { describeMachine, formatMachine } from "./machine.ts";
import { enterNamespace, IN_NAMESPACE } from "./namespace.ts";
import { type Options, parseOptions, USAGE, UsageError } from "./options.ts";
import type { Peer, Place } from "./peers/peer.ts";
import { withPlace } from "./place.ts";
import { formatReport, type Round } from "./report.ts";
import { run } from "./run.ts";
import type { Workload } from "./workloads.ts";

/** In Debian, the package of that name, unless said here. */
const PACKAGES: Readonly<Record<string, string>> = {
  nginx: "nginx-light",
  "/usr/bin/python3": "python3-venv",
};
const NEEDED_BY_ALL = ["/usr/bin/python3", "zstd", "git", "openssl"];

async function main(options: Options): Promise<number> {
  const needs = new Set([...NEEDED_BY_ALL, ...options.peers.flatMap((peer) => peer.needs)]);
  const missing = [...needs].filter((part) => !isThere(part));
  if (missing.length > 0) {
    const packages = missing.map((part) => PACKAGES[part] ?? part);
    console.error(`bench: missing: ${missing.join(" ")} (apt-get install ${packages.join(" ")})`);
    return 1;
  }
  for (const peer of options.peers) await peer.prepare?.();
  if (!IN_NAMESPACE && Deno.uid() === 0) return await enterNamespace();

  const machine = await describeMachine(options.directory);
  console.log(formatMachine(machine));
  for (const { name, title } of options.peers) console.log(`${name.padEnd(6)}  ${title}`);
  const results: { workload: Workload; rounds: Round[] }[] = [];
  for (const workload of options.workloads) {
    const rounds = await measureWorkload(workload, options);
    results.push({ workload, rounds });
    console.log(`\n${formatReport(workload, rounds)}`);
    if (options.json !== undefined) {
      const text = JSON.stringify({ machine, seed: options.seed, results }, undefined, 2);
      await Deno.writeTextFile(options.json, text + "\n");
    }
  }
  return 0;
}

function measureWorkload(workload: Workload, options: Options): Promise<Round[]> {
  const { peers, rounds: count } = options;
  return withPlace(workload, options, async (place) => {
    const rounds: Round[] = [];
    for (let number = 0; number < count; number++) {
      rounds.push(await measureRound(place, inTurn(peers, number)));
      console.error(`bench: ${workload.name}, round ${number + 1} of ${count}`);
    }
    return rounds;
  });
}

async function measureRound(place: Place, peers: readonly Peer[]): Promise<Round> {
  const round: Record<string, Round[string]> = {};
  for (const peer of peers) round[peer.name] = await run(peer, place);
  return round;
}

/** Each peer begins a round once, so that none always has the machine as another left it. */
function inTurn<T>(all: readonly T[], round: number): T[] {
  const first = round % all.length;
  return [...all.slice(first), ...all.slice(0, first)];
}

try {
  Deno.exit(await main(parseOptions(Deno.args)));
} catch (error) {
  if (!(error instanceof UsageError)) throw error;
  if (error.message === "") console.log(USAGE);
  else console.error(`bench: ${error.message}\n\n${USAGE}`);
  Deno.exit(error.message === "" ? 0 : 2);
}
