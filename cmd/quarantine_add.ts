/** `cis490 quarantine add`: out of the queue, because an operator gives it up. */
import { type GivenUp, listEpisodes, renounce, renounceHeld } from "../lib/queue/mod.ts";
import type { Io } from "./print.ts";
import {
  BUSY,
  type Done,
  type Left,
  openQueueByHand,
  tellEach,
  whyFailed,
} from "./quarantine_work.ts";
import { UsageError } from "./usage_error.ts";

interface Args {
  readonly ids: readonly string[];
  readonly held: boolean;
  readonly olderThan: number | undefined;
  readonly dryRun: boolean;
  readonly json: boolean;
  readonly config: string | undefined;
  readonly dataDir: string | undefined;
}

const PATH = ["quarantine", "add"];

export async function run(args: Args, io: Io): Promise<number> {
  const { held, olderThan, dryRun, json } = args;
  if (held === args.ids.length > 0) {
    throw new UsageError("say which episodes: by name, or with --held and --older-than", PATH);
  }
  if (held !== (olderThan !== undefined)) {
    throw new UsageError("--held and --older-than go together: since when is it held?", PATH);
  }
  const { disk, dataDir, settleMs } = await openQueueByHand(args, io, PATH);
  const options = { dryRun, settleMs };
  const work = { verbs: ["quarantined", "quarantine"], dryRun, json, dataDir, io } as const;
  if (olderThan !== undefined) {
    const { ids } = listEpisodes(disk);
    const results = renounceHeld(disk, ids, { ...options, heldForMs: olderThan });
    // Most are not concerned, and nobody has asked for these.
    const told = tellGivenUp(results, (one) => one.kind === "kept" ? undefined : tell(one));
    return await tellEach(work, told, ids.length);
  }
  const names = [...new Set(args.ids)];
  return await tellEach(work, tellGivenUp(renounce(disk, names, options), tell), names.length);
}

async function* tellGivenUp(
  results: AsyncIterable<GivenUp>,
  tell: (one: GivenUp) => Done | Left | undefined,
): AsyncGenerator<Done | Left | undefined, void, void> {
  for await (const one of results) yield tell(one);
}

function tell(one: GivenUp): Done | Left {
  const name = one.id;
  switch (one.kind) {
    case "quarantined": {
      const as = one.name === one.id ? "" : ` (as ${one.name})`;
      return { name, words: `${one.why}${as}`, json: { quarantined_as: one.name, why: one.why } };
    }
    case "kept":
      return { name, why: one.why };
    case "gone":
      return { name, why: "it is not in the queue" };
    case "busy":
      return { name, why: BUSY };
    case "failed":
      return { name, why: whyFailed(one.error) };
  }
}
