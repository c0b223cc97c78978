/** `cis490 quarantine-unstamped`: drains a backlog that no receiver could ever accept. */
import { drainUnstamped, type GivenUp, listEpisodes, MISSING_META } from "../lib/queue/mod.ts";
import { formatCount } from "./format.ts";
import { type Io, printable } from "./print.ts";
import { complainAbout, openQueueByHand } from "./quarantine_work.ts";

interface Args {
  readonly dryRun: boolean;
  readonly json: boolean;
  readonly config: string | undefined;
  readonly dataDir: string | undefined;
  readonly minAge: number | undefined;
}

const DAY_MS = 24 * 3600 * 1000;

export async function run(args: Args, io: Io): Promise<number> {
  const { disk, dataDir, settleMs } = await openQueueByHand(args, io, ["quarantine-unstamped"]);
  const { dryRun } = args;
  const missingMetaAgeMs = args.minAge ?? DAY_MS;

  const results: Exclude<GivenUp, { kind: "kept" }>[] = [];
  let kept = 0;
  const bar = io.progress({ enabled: !args.json });
  const { ids } = listEpisodes(disk);
  const options = { dryRun, settleMs, missingMetaAgeMs };
  for await (const drained of drainUnstamped(disk, ids, options)) {
    if (drained.kind === "kept") kept++;
    else results.push(drained);
    const done = kept + results.length;
    bar.update(done / ids.length, `${done} of ${formatCount(ids.length, "episode")} looked at`);
  }
  bar.end();

  const quarantined = results.filter((each) => each.kind === "quarantined");
  const busy = results.filter((each) => each.kind === "busy");
  const failed = results.filter((each) => each.kind === "failed");
  const counts = {
    kept,
    quarantined: quarantined.length,
    missing_meta: quarantined.filter((each) => each.code === MISSING_META).length,
    collision: quarantined.filter((each) => each.name !== each.id).length,
  };
  complainAbout(busy.map(({ id }) => `${id}: another process works on it`), io);
  complainAbout(failed.map(({ error }) => printable(error.message)), io);

  if (args.json) {
    io.json({
      dry_run: dryRun,
      data_dir: dataDir,
      ...counts,
      busy: busy.map(({ id }) => id),
      failed: failed.map(({ id, error }) => ({ id, error: error.message })),
      episodes: quarantined.map(({ id, name, why }) => ({ id, quarantined_as: name, why })),
    });
  } else {
    io.stdout(
      `kept ${kept}, quarantined ${counts.quarantined}, missing-meta ${counts.missing_meta}, ` +
        `collision ${counts.collision}`,
    );
    if (dryRun) io.stderr("cis490: --dry-run: nothing was moved");
  }
  if (busy.length + failed.length === 0) return 0;
  const left = formatCount(busy.length + failed.length, "episode");
  io.stderr(`cis490: ${left} could not be judged or moved; run it again, or ask cis490 doctor`);
  return 1;
}
