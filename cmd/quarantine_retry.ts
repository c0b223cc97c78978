/** `cis490 quarantine retry`: back into the queue, because the cause is mended. */
import { type OperatorDisk, retryQuarantined } from "../lib/queue/mod.ts";
import type { Io } from "./print.ts";
import { findQuarantined } from "./quarantine.ts";
import { type Done, type Left, openQueueByHand, tellEach, whyNot } from "./quarantine_work.ts";
import { UsageError } from "./usage_error.ts";

interface Args {
  readonly ids: readonly string[];
  readonly code: string | undefined;
  readonly all: boolean;
  readonly dryRun: boolean;
  readonly json: boolean;
  readonly config: string | undefined;
  readonly dataDir: string | undefined;
}

const PATH = ["quarantine", "retry"];

export async function run(args: Args, io: Io): Promise<number> {
  const ways = [args.ids.length > 0, args.code !== undefined, args.all];
  if (ways.filter((way) => way).length !== 1) {
    throw new UsageError("say which episodes: by name, with --code, or --all", PATH);
  }
  const { disk, dataDir } = await openQueueByHand(args, io, PATH);
  const names = args.ids.length > 0 ? [...new Set(args.ids)] : findQuarantined(disk.fs, disk.layout)
    .filter(({ code }) => args.all || code === args.code)
    .map(({ name }) => name);
  const { dryRun, json } = args;
  const work = { verbs: ["returned", "return"], dryRun, json, dataDir, io } as const;
  return await tellEach(work, retryEach(disk, names, dryRun), names.length);
}

async function* retryEach(
  disk: OperatorDisk,
  names: readonly string[],
  dryRun: boolean,
): AsyncGenerator<Done | Left, void, void> {
  for await (const handled of retryQuarantined(disk, names, { dryRun })) {
    const { name } = handled;
    if (handled.kind !== "done") yield { name, why: whyNot(handled) };
    else if (handled.done === "returned") yield { name };
    else {
      yield {
        name,
        why: "another episode of that name is in the queue; try again when that one has gone",
      };
    }
  }
}
