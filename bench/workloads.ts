/** What is shipped: episodes by number and size, the same in every run with the same seed. */

export interface Workload {
  readonly name: string;
  readonly episodes: number;
  /** Of the files of one episode, about. */
  readonly episodeBytes: number;
}

const KB = 1000;
const MB = 1000 * KB;

export const WORKLOADS: readonly Workload[] = [
  { name: "small", episodes: 1000, episodeBytes: 200 * KB },
  { name: "medium", episodes: 20, episodeBytes: 50 * MB },
  { name: "large", episodes: 1, episodeBytes: 2000 * MB },
  { name: "tiny", episodes: 10_000, episodeBytes: 20 * KB },
  { name: "huge", episodes: 1, episodeBytes: 20_000 * MB },
];

/** Those that are measured unless said otherwise: `huge` needs 50 GB of disk and most of an hour. */
export const USUAL = ["small", "medium", "large", "tiny"] as const;

/** A tenth of the bytes: fewer episodes, or smaller ones where there is only one. */
export function tenthOf(workload: Workload): Workload {
  const { episodes, episodeBytes } = workload;
  return episodes >= 10
    ? { ...workload, episodes: Math.round(episodes / 10) }
    : { ...workload, episodeBytes: episodeBytes / 10 };
}
