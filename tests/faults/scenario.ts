/**
 * A queue with an episode of every kind, and what must have become of each when the shipper was left alone long enough.
 */
import { contentOf } from "../queue/checker.ts";
import type { Lab } from "../e2e/lab.ts";
import { shell } from "../e2e/lab.ts";

export interface Scenario {
  readonly dataDir: string;
  readonly config: string;
  /** Name to content, for the checker. */
  readonly expected: ReadonlyMap<string, string>;
  /** The ids, by the place where each must end. */
  readonly ends: Readonly<Record<"shipped" | "quarantine" | "episodes", readonly string[]>>;
}

/** Larger than the first piece, so that it is announced and goes in several. */
const LARGE_BYTES = 2_500_000;

/** Lays out the queue of run number `run`; ids differ from run to run, since all send to one receiver. */
export async function layOut(lab: Lab, run: number): Promise<Scenario> {
  const dataDir = `${lab.root}/runs/${run}`;
  const config = `${lab.root}/runs/${run}.toml`;
  const id = (kind: string) => `${kind}-${run}`;
  await shell(
    `mkdir -p "$1"/episodes/{small,large,old,unstamped,pipe,recording}-$2/sub && cd "$1/episodes"
     stamp='{"code_version": {"commit": "'$3'"}}'
     for kind in small large pipe; do printf '%s' "$stamp" > $kind-$2/meta.json; done
     printf '{"code_version": {"commit": "%040d"}}' 0 > old-$2/meta.json
     printf '{}' > unstamped-$2/meta.json
     printf '%s\\n' $2 > small-$2/sub/cpu.jsonl && ln -s sub/cpu.jsonl small-$2/link
     head -c $4 /dev/urandom > large-$2/sub/capture.pcap
     mkfifo pipe-$2/sub/pipe
     printf x > recording-$2/sub/begun`,
    dataDir,
    `${run}`,
    lab.stamp,
    `${LARGE_BYTES}`,
  );
  const text = await Deno.readTextFile(lab.hostConfig);
  await Deno.writeTextFile(config, text.replace(/^data_dir = .*$/m, `data_dir = "${dataDir}"`));
  const kinds = ["small", "large", "old", "unstamped", "pipe", "recording"];
  return {
    dataDir,
    config,
    expected: new Map(
      kinds.map((kind) => [id(kind), contentOf(`${dataDir}/episodes/${id(kind)}`)]),
    ),
    ends: {
      shipped: [id("small"), id("large")],
      quarantine: [id("unstamped"), id("pipe")],
      episodes: [id("old"), id("recording")],
    },
  };
}

/** What is wrong with the end of a run, beyond what the queue's checker sees. */
export async function findWrongEnds(lab: Lab, scenario: Scenario): Promise<string[]> {
  const wrong: string[] = [];
  for (const [place, ids] of Object.entries(scenario.ends)) {
    for (const id of ids) {
      const directory = place === "episodes" ? `episodes/${id}` : `${place}/${id}/episode`;
      const isThere = await Deno.lstat(`${scenario.dataDir}/${directory}`).catch(() => undefined);
      if (isThere === undefined) wrong.push(`${id} is not in ${place}`);
    }
  }
  for (const id of scenario.ends.shipped) {
    const same = await isStoredWhole(lab, scenario, id);
    if (!same) wrong.push(`${id} is not at the receiver as it was`);
  }
  return wrong;
}

/** Unpacks what the receiver has and compares every top-level name with the episode's. */
async function isStoredWhole(lab: Lab, scenario: Scenario, id: string): Promise<boolean> {
  const original = `${scenario.dataDir}/shipped/${id}/episode`;
  const unpacked = `${scenario.dataDir}-unpacked-${id}`;
  try {
    await shell(
      `mkdir "$2" && zstd -q -dc "$1" | tar -xpf - -C "$2"`,
      `${lab.stored}/${id}.tar.zst`,
      unpacked,
    );
    const names = (directory: string) =>
      [...Deno.readDirSync(directory)].map(({ name }) => name).sort();
    const all = names(original);
    return all.join("/") === names(unpacked).join("/") &&
      all.every((name) => contentOf(`${original}/${name}`) === contentOf(`${unpacked}/${name}`));
  } catch {
    return false;
  }
}
