/** Episodes of telemetry on the disk. */
import { jsonLines, packets, type Source, Xorshift } from "./telemetry.ts";
import type { Workload } from "./workloads.ts";

/** The files of one episode, beside meta.json: what they hold, and their share of its bytes. */
const FILES: readonly {
  readonly path: string;
  readonly source: (random: Xorshift) => Source;
  readonly share: number;
}[] = [
  { path: "proc/samples.jsonl", source: jsonLines, share: 0.4 },
  { path: "syscalls.jsonl", source: jsonLines, share: 0.2 },
  { path: "net/capture.pcap", source: packets, share: 0.35 },
  { path: "net/flows.jsonl", source: jsonLines, share: 0.05 },
];

const BLOCK_BYTES = 1024 * 1024;

export function episodeId(number: number): string {
  return `run-${`${number}`.padStart(5, "0")}`;
}

/** Makes `directory` with the episodes of `workload`, recorded by the commit `stamp`. */
export async function record(
  directory: string,
  workload: Workload,
  options: { readonly stamp: string; readonly seed: number },
): Promise<void> {
  await Deno.mkdir(directory, { recursive: true });
  const block = new Uint8Array(BLOCK_BYTES);
  for (let number = 1; number <= workload.episodes; number++) {
    const episode = `${directory}/${episodeId(number)}`;
    for (const part of ["proc", "net"]) Deno.mkdirSync(`${episode}/${part}`, { recursive: true });
    const meta = {
      experiment: { number, seed: options.seed },
      code_version: { commit: options.stamp },
    };
    Deno.writeTextFileSync(`${episode}/meta.json`, JSON.stringify(meta, undefined, 2) + "\n");
    for (const [at, { path, source, share }] of FILES.entries()) {
      const fill = source(new Xorshift(options.seed * 1_000_003 + number * 16 + at));
      using file = Deno.createSync(`${episode}/${path}`);
      for (let left = Math.round(workload.episodeBytes * share); left > 0;) {
        const part = block.subarray(0, left);
        fill(part);
        for (let done = 0; done < part.byteLength;) done += file.writeSync(part.subarray(done));
        left -= part.byteLength;
      }
    }
  }
}
