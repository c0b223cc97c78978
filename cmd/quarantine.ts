/** `cis490 quarantine list` and `show`: what lies there, and why. */
import { type Layout, listQuarantined, type Quarantined } from "../lib/queue/mod.ts";
import { isFsError, type PlainFs, plainFs } from "../lib/sys/mod.ts";
import { chooseDataDir, layoutOfQueue } from "./data_dir.ts";
import { formatTable, type Io, printable } from "./print.ts";

interface Where {
  readonly config: string | undefined;
  readonly dataDir: string | undefined;
  readonly json: boolean;
}

export async function list(args: Where & { readonly code: string | undefined }, io: Io) {
  const fs = plainFs();
  const { dataDir } = await chooseDataDir(args, io);
  const layout = layoutOfQueue(fs, dataDir, ["quarantine", "list"]);
  const found = findQuarantined(fs, layout)
    .filter(({ code }) => args.code === undefined || code === args.code);
  if (args.json) {
    io.json({ data_dir: dataDir, quarantined: found.map(jsonOf) });
    return 0;
  }
  const rows = found.map(({ name, code, detail, atMs }) => [
    printable(name),
    timeOf(atMs) ?? "?",
    printable(code),
    printable(detail),
  ]);
  for (const line of formatTable(rows)) io.stdout(line);
  if (rows.length === 0) {
    const what = args.code === undefined ? "nothing" : `nothing with the code ${args.code}`;
    io.stderr(`cis490: ${printable(what)} is in quarantine`);
  }
  return 0;
}

export async function show(args: Where & { readonly id: string }, io: Io) {
  const fs = plainFs();
  const { dataDir } = await chooseDataDir(args, io);
  const layout = layoutOfQueue(fs, dataDir, ["quarantine", "show"]);
  const found = findQuarantined(fs, layout).find(({ name }) => name === args.id);
  if (found === undefined) {
    io.stderr(`cis490: ${printable(args.id)} is not in quarantine; see cis490 quarantine list`);
    return 1;
  }
  const place = layout.place("quarantine", found.name);
  if (args.json) {
    io.json({ ...jsonOf(found), episode: place.episode, reason: place.note });
    return 0;
  }
  const rows = [
    ["code", found.code],
    ["why", found.detail],
    ["since", timeOf(found.atMs) ?? "unknown"],
    ["fix", found.remediation ?? "none is known"],
    ["episode", place.episode],
    ["reason", place.note],
  ];
  for (const line of formatTable(rows.map((row) => row.map(printable)))) io.stdout(line);
  return 0;
}

/** What is there for good; nothing where no shipper has made the directory yet. Throws FsError. */
export function findQuarantined(
  fs: Pick<PlainFs, "list" | "lstat" | "findStat" | "openRead">,
  layout: Layout,
): Quarantined[] {
  try {
    return listQuarantined(fs, layout).filter(({ complete }) => complete);
  } catch (error) {
    if (isFsError(error, "gone")) return [];
    throw error;
  }
}

function jsonOf({ name, code, detail, remediation, atMs }: Quarantined) {
  return {
    name,
    code,
    detail,
    remediation: remediation ?? null,
    quarantined_at: timeOf(atMs) ?? null,
  };
}

function timeOf(ms: number | undefined): string | undefined {
  return ms === undefined ? undefined : new Date(ms).toISOString();
}
