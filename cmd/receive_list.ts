/** `cis490 receive list`: which episodes are stored. */
import { CATALOGUE_NAME, listEpisodes } from "../lib/receiver/mod.ts";
import { plainFs, systemClock } from "../lib/sys/mod.ts";
import { receiptToJson } from "../lib/wire/mod.ts";
import { findDuration, formatBytes, formatCount } from "./format.ts";
import { formatTable, type Io } from "./print.ts";
import { openStore, parseHost, type StoreArgs } from "./receive_store.ts";
import { UsageError } from "./usage_error.ts";

const PATH = ["receive", "list"];
const COMMIT_DIGITS = 12;

/** Exit code 0. Throws ConfigError, UsageError, FsError. */
export async function run(
  args: StoreArgs & {
    readonly host: string | undefined;
    readonly since: string | undefined;
    readonly json: boolean;
  },
  io: Io,
): Promise<number> {
  const filter = {
    host: args.host === undefined ? undefined : parseHost(args.host, PATH),
    sinceMs: parseSince(args.since),
  };
  const { storeDir, view } = await openStore(args, io, PATH);
  const { receipts } = await listEpisodes(
    { store: view, fs: plainFs() },
    `${storeDir}/${CATALOGUE_NAME}`,
    filter,
  );
  if (args.json) {
    io.json({ store_dir: storeDir, episodes: receipts.map(receiptToJson) });
    return 0;
  }
  const rows = receipts.map((receipt) => [
    receipt.host,
    receipt.id,
    receipt.stored_at,
    formatBytes(receipt.archive_bytes),
    receipt.code_commit.slice(0, COMMIT_DIGITS),
  ]);
  if (rows.length > 0) {
    const head = ["HOST", "ID", "STORED", "SIZE", "COMMIT"];
    for (const line of formatTable([head, ...rows])) io.stdout(line);
  }
  const bytes = receipts.reduce((sum, { archive_bytes }) => sum + archive_bytes, 0);
  io.stderr(`cis490: ${formatCount(receipts.length, "episode")}, ${formatBytes(bytes)}`);
  return 0;
}

/** `24h` ago, or a time by RFC 3339, of which a date alone is its midnight in UTC. */
function parseSince(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const ago = findDuration(text);
  if (ago !== undefined) return systemClock.now() - ago;
  const isTime = /^\d{4}-\d\d-\d\d(?:T\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:\d\d))?$/.test(
    text,
  );
  const ms = isTime ? Date.parse(text) : NaN;
  // Date.parse takes the 30th of February for a day in March.
  const day = new Date(`${text.slice(0, 10)}T00:00:00Z`);
  if (!Number.isNaN(ms) && day.toISOString().startsWith(text.slice(0, 10))) return ms;
  const words = "expected a duration like 24h, a date, or a time like 2026-01-02T03:04:05Z";
  throw new UsageError(`--since: ${words}, found ${JSON.stringify(text)}`, PATH);
}
