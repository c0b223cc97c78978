/** Where runs take place: the episodes, a repository with their commit, certificates for both ends. */
import { commit } from "../tests/e2e/lab.ts";
import { Pki } from "../tests/tls/pki.ts";
import type { Place } from "./peers/peer.ts";
import { record } from "./recordings.ts";
import type { Workload } from "./workloads.ts";

export interface PlaceOptions {
  /** On the disk that is measured. */
  readonly directory: string;
  readonly seed: number;
}

/** Makes a place with the episodes of `workload`, and removes it, whatever `work` does. */
export async function withPlace<T>(
  workload: Workload,
  { directory, seed }: PlaceOptions,
  work: (place: Place) => Promise<T>,
): Promise<T> {
  const root = await Deno.makeTempDir({ dir: directory, prefix: "cis490-bench-" });
  try {
    await using pki = await Pki.create("bench");
    const codeDir = `${root}/code`;
    await Deno.mkdir(codeDir);
    const place: Place = {
      dataDir: `${root}/data`,
      workDir: `${root}/work`,
      codeDir,
      stamp: await commit(codeDir),
      ca: pki.caBundle,
      server: await pki.issue("pi"),
      client: await pki.issue("lab-host-01"),
    };
    await record(`${place.dataDir}/episodes`, workload, { stamp: place.stamp, seed });
    return await work(place);
  } finally {
    await Deno.remove(root, { recursive: true });
  }
}
