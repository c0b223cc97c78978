/** `cis490 receive scrub`: does the store still hold what its receipts say? */
import {
  type Finding,
  type FindingKind,
  PosixInventory,
  scrub,
  type ScrubSummary,
} from "../lib/receiver/mod.ts";
import { Background, Libc, plainFs, systemClock } from "../lib/sys/mod.ts";
import { formatBytes, formatCount } from "./format.ts";
import { formatTable, type Io, printable } from "./print.ts";
import { openStore, type StoreArgs } from "./receive_store.ts";
import { UsageError } from "./usage_error.ts";

const PATH = ["receive", "scrub"];

/** What helps against each kind. A receiver looks at the disk for every request, so no restart is needed. */
const REMEDIES: Readonly<Record<FindingKind, string>> = {
  rot:
    "keep both files elsewhere: mv STORE_DIR/episodes/HOST/ID.{tar.zst,json} SOMEWHERE; the lab host sends " +
    "it again when it is about to remove its own copy from shipped/, and a backup may have it",
  missing:
    "the lab host sends it again when it is about to remove its own copy from shipped/, and a backup may have it",
  "bad-receipt":
    "the receiver gives it a new one when the lab host sends it again, and at its next start once the bad " +
    "one is gone: mv STORE_DIR/episodes/HOST/ID.json SOMEWHERE",
  "no-receipt":
    "it was never acknowledged; the receiver verifies it and gives it a receipt at its next start",
  stray: "look at it, and move it out of the store",
  aside: "look at it; the receiver removes it after partial_keep_hours",
};

/** Exit code 0: all is as the receipts say; 1: something is not. Throws ConfigError, UsageError, FsError. */
export async function run(
  args: StoreArgs & {
    readonly rate: string | undefined;
    readonly json: boolean;
    readonly noProgress: boolean;
  },
  io: Io,
): Promise<number> {
  const bytesPerSecond = parseRate(args.rate);
  const { storeDir, view } = await openStore(args, io, PATH);
  const background = new Background(new Libc());
  if (!background.lowerPriority()) {
    io.stderr(
      "cis490: the kernel refused a lower priority; --rate MB keeps the disk free for others",
    );
  }
  const store = new PosixInventory(plainFs(), view, (path) => background.openRead(path));
  const findings: Finding[] = [];
  const bar = io.progress({ enabled: !args.noProgress });
  const progress = (bytes: number, total: number) =>
    bar.update(bytes / total, `${formatBytes(bytes)} of ${formatBytes(total)}`);
  let summary: ScrubSummary;
  try {
    summary = await scrub({ store, clock: systemClock }, { bytesPerSecond }, {
      finding: (finding) => findings.push(finding),
      ...(io.isTerminal && !args.noProgress ? { progress } : {}),
    });
  } finally {
    bar.end();
  }
  if (args.json) {
    io.json({
      store_dir: storeDir,
      sound: summary.sound,
      bytes: summary.bytes,
      findings: findings.map((finding) => ({ ...finding, remediation: REMEDIES[finding.kind] })),
    });
  } else {
    print(findings, summary, io);
  }
  return findings.length === 0 ? 0 : 1;
}

function print(findings: readonly Finding[], { sound, bytes }: ScrubSummary, io: Io): void {
  const rows = findings.map(({ kind, what, detail }) => [kind, printable(what), detail]);
  for (const line of formatTable(rows)) io.stdout(line);
  for (const kind of new Set(findings.map((finding) => finding.kind))) {
    io.stderr(`cis490: ${kind}: ${REMEDIES[kind]}`);
  }
  const wrong = findings.length === 0 ? "nothing wrong" : formatCount(findings.length, "finding");
  io.stderr(
    `cis490: ${formatCount(sound, "episode")} sound, ${formatBytes(bytes)} read, ${wrong}`,
  );
}

/** Megabytes a second, as bytes. */
function parseRate(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const rate = /^\d{1,6}(?:\.\d{1,3})?$/.test(text) ? Number(text) : 0;
  if (rate > 0) return rate * 1e6;
  const words = "expected megabytes a second, like 20";
  throw new UsageError(`--rate: ${words}, found ${JSON.stringify(text)}`, PATH);
}
