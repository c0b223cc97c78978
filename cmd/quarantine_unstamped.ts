/** `cis490 quarantine-unstamped`: drains a backlog that no receiver could ever accept. */
import { drainUnstamped, listEpisodes, MISSING_META } from "../lib/queue/mod.ts";
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

  const counts = { kept: 0, quarantined: 0, missing_meta: 0, collision: 0 };
  const busy: string[] = [];
  const failed: { readonly id: string; readonly error: string }[] = [];
  // Only a program wants to know of each.
  const episodes: { readonly id: string; readonly quarantined_as: string; readonly why: string }[] =
    [];
  const bar = io.progress({ enabled: !args.json });
  const { ids } = listEpisodes(disk);
  const options = { dryRun, settleMs, missingMetaAgeMs };
  let done = 0;
  for await (const one of drainUnstamped(disk, ids, options)) {
    bar.update(++done / ids.length, `${done} of ${formatCount(ids.length, "episode")} looked at`);
    if (one.kind === "kept") counts.kept++;
    if (one.kind === "busy") busy.push(one.id);
    if (one.kind === "failed") failed.push({ id: one.id, error: one.error.message });
    if (one.kind !== "quarantined") continue;
    counts.quarantined++;
    if (one.code === MISSING_META) counts.missing_meta++;
    if (one.name !== one.id) counts.collision++;
    if (args.json) episodes.push({ id: one.id, quarantined_as: one.name, why: one.why });
  }
  bar.end();

  complainAbout(busy.map((id) => `${id}: another process works on it`), io);
  complainAbout(failed.map(({ error }) => printable(error)), io);
  if (args.json) {
    io.json({ dry_run: dryRun, data_dir: dataDir, ...counts, busy, failed, episodes });
  } else {
    const { kept, quarantined, missing_meta, collision } = counts;
    io.stdout(
      `kept ${kept}, quarantined ${quarantined}, missing-meta ${missing_meta}, ` +
        `collision ${collision}`,
    );
    if (dryRun) io.stderr("cis490: --dry-run: nothing was moved");
  }
  if (busy.length + failed.length === 0) return 0;
  const left = formatCount(busy.length + failed.length, "episode");
  io.stderr(`cis490: ${left} could not be judged or moved; run it again, or ask cis490 doctor`);
  return 1;
}
