/** `cis490 quarantine remove`: away for good. */
import { discardQuarantined, type OperatorDisk } from "../lib/queue/mod.ts";
import { formatBytes, formatCount } from "./format.ts";
import type { Io } from "./print.ts";
import { type Done, type Left, openQueueByHand, tellEach, whyNot } from "./quarantine_work.ts";
import { UsageError } from "./usage_error.ts";

interface Args {
  readonly ids: readonly string[];
  readonly yes: boolean;
  readonly json: boolean;
  readonly config: string | undefined;
  readonly dataDir: string | undefined;
}

const PATH = ["quarantine", "remove"];
const NOT_SURE = 2;

export async function run(args: Args, io: Io): Promise<number> {
  if (args.ids.length === 0) throw new UsageError("say which episodes: by name", PATH);
  const { disk, dataDir } = await openQueueByHand(args, io, PATH);
  const names = [...new Set(args.ids)];
  const dryRun = !args.yes;
  const { json } = args;
  const whyDry = "nothing was removed: no receiver has these episodes; with --yes they go for good";
  const work = { verbs: ["removed", "remove"], dryRun, whyDry, json, dataDir, io } as const;
  const code = await tellEach(work, removeEach(disk, names, dryRun), names.length);
  return args.yes ? code : NOT_SURE;
}

async function* removeEach(
  disk: OperatorDisk,
  names: readonly string[],
  dryRun: boolean,
): AsyncGenerator<Done | Left, void, void> {
  for await (const handled of discardQuarantined(disk, names, { dryRun })) {
    const { name } = handled;
    if (handled.kind !== "done") {
      yield { name, why: whyNot(handled) };
      continue;
    }
    const { entries, sizeBytes } = handled.done;
    const words = `${formatCount(entries, "entry", "entries")}, ${formatBytes(sizeBytes)}`;
    yield { name, words, json: { entries, size_bytes: sizeBytes } };
  }
}
