/** What can be wrong with a lab host and its receiver, each brought about for real, and what comes first of two. */
import { LAB_HOST_CAUSES } from "./lab_host_causes.ts";
import { RECEIVER_CAUSES } from "./receiver_causes.ts";

export const CAUSES = { ...LAB_HOST_CAUSES, ...RECEIVER_CAUSES } as const;

export type CauseName = keyof typeof CAUSES;

/** Two at once, the one first that is to be mended first. */
export const PAIRS: readonly (readonly [first: CauseName, second: CauseName])[] = [
  ["episode held (412)", "episode refused (400)"],
  ["configuration broken", "token missing"],
  ["episodes/ of root", "unit disabled"],
  ["disk full", "token wrong"],
  ["unit stopped", "certificate removed"],
  ["clock ahead by 20 minutes", "token missing"],
  ["certificate removed", "episode refused (400)"],
  ["token missing", "stranger in episodes/"],
  ["name not resolving", "quarantine about to be emptied"],
  ["receiver stopped, from the lab host", "episode refused (400)"],
  ["episode of root", "episode refused (400)"],
  ["store full", "tokens open to everybody"],
  ["receiver stopped", "receiver disabled"],
];
