/** `cis490 why ID`: one episode's story. */
import { explain, gatherStory, type Story, type Why } from "../lib/doctor/mod.ts";
import { findEpisodeId, ID_GRAMMAR_WORDS } from "../lib/episode/mod.ts";
import { plainFs, runProgram, systemClock } from "../lib/sys/mod.ts";
import { chooseDataDir, layoutOfQueue } from "./data_dir.ts";
import { formatTable, type Io, printable } from "./print.ts";
import { UsageError } from "./usage_error.ts";

interface Args {
  readonly id: string;
  readonly config: string | undefined;
  readonly dataDir: string | undefined;
  /** Milliseconds. */
  readonly since: number | undefined;
  readonly json: boolean;
}

const SINCE_MS = 24 * 3600_000;
const UNITS = ["cis490-shipper", "cis490-ship"];

/** Exit code 0, or 1 when nothing is known of such an episode. Throws ConfigError, FsError, UsageError. */
export async function run(args: Args, io: Io): Promise<number> {
  const id = findEpisodeId(args.id);
  if (id === undefined) {
    throw new UsageError(`${JSON.stringify(args.id)} is no episode's id: ${ID_GRAMMAR_WORDS}`, [
      "why",
    ]);
  }
  const fs = plainFs();
  const { dataDir } = await chooseDataDir(args, io);
  const story = await gatherStory({
    fs,
    run: runProgram,
    layout: layoutOfQueue(fs, dataDir, ["why"]),
    units: UNITS,
    sinceMs: args.since ?? SINCE_MS,
  }, id);
  const why = explain(story, systemClock.now());
  if (args.json) io.json(jsonOf(story, why));
  else for (const line of render(story, why)) io.stdout(line);
  return why.place === "nowhere" ? 1 : 0;
}

function render(story: Story, why: Why): string[] {
  const { record, shipped, quarantined, archiveBytes, journal } = story;
  const rows = [
    ["episode", story.id],
    ["where", why.words],
    ...(record === undefined ? [] : [
      ["commit", record.stamp ?? "none"],
      ["tries", triesOf(record.tries, record.lastTryMs)],
      ...(archiveBytes === undefined ? [] : [["archive", `${archiveBytes} bytes`]]),
    ]),
    ...shipped.map(({ name, atMs, digest }) => ["receipt", `${timeOf(atMs)} ${name} ${digest}`]),
    ...quarantined.map((
      { name, atMs, code },
    ) => ["quarantine", `${timeOf(atMs) ?? ""} ${name} ${code}`]),
    ...(why.fix === undefined ? [] : [["fix", why.fix]]),
    ...(journal.kind === "unseen" ? [["journal", journal.why.words]] : journal.value.map(
      ({ atMs, message }) => ["journal", `${timeOf(atMs)} ${message}`],
    )),
  ];
  return formatTable(rows.map((row) => row.map(printable)));
}

function jsonOf(story: Story, { place, words, fix }: Why) {
  const { id, record, shipped, quarantined, journal } = story;
  return {
    format: 1,
    id,
    place,
    why: words,
    fix: fix ?? null,
    commit: record?.stamp ?? null,
    tries: record?.tries ?? null,
    last_try: timeOf(record?.lastTryMs) ?? null,
    next_try: timeOf(record?.nextTryMs) ?? null,
    last: record?.last ?? null,
    shipped: shipped.map(({ name, atMs, digest, tries }) => ({
      name,
      shipped_at: timeOf(atMs),
      episode_digest: digest,
      tries,
    })),
    quarantined: quarantined.map(({ name, atMs, code, detail }) => ({
      name,
      quarantined_at: timeOf(atMs) ?? null,
      code,
      detail,
    })),
    /** Null when this user may not read it. */
    journal: journal.kind === "unseen"
      ? null
      : journal.value.map(({ atMs, message }) => ({ time: timeOf(atMs), message })),
  };
}

function triesOf(tries: number, lastMs: number | undefined): string {
  return lastMs === undefined ? `${tries}` : `${tries}, the last at ${timeOf(lastMs)}`;
}

function timeOf(ms: number | undefined): string | undefined {
  return ms === undefined ? undefined : new Date(ms).toISOString();
}
