/**
 * Prints the receiver's limits into docs/receiver.md.
 *
 *   deno run -A tools/docs/limits.ts
 */
import { parseReceiverConfig } from "../../lib/config/mod.ts";
import { FIXED_LIMITS, type ReceiverLimits } from "../../lib/receiver/mod.ts";
import { replacePart } from "./marked.ts";

type Fixed = keyof typeof FIXED_LIMITS;
type Configured = Exclude<keyof ReceiverLimits, Fixed>;

interface Row {
  readonly what: string;
  readonly value: (value: number) => string;
  readonly beyond: string;
}

const MIB = 1024 * 1024;
const count = (value: number) => value.toLocaleString("en");
const bytes = (value: number) =>
  value < MIB ? `${count(value)} bytes` : `${count(value / MIB)} MiB`;
const seconds = (ms: number) => `${ms / 1000} s`;
const hours = (ms: number) => `${ms / 3_600_000} h`;

/** What each limit is about, and what is said beyond it. A limit without a row does not compile. */
const ROWS: Readonly<Record<Fixed | Configured, Row>> = {
  maxArchiveBytes: { what: "an archive", value: bytes, beyond: "`too-large`" },
  maxUnpackedBytes: { what: "an episode, unpacked", value: bytes, beyond: "`too-large`" },
  maxEntries: { what: "entries of an archive", value: count, beyond: "`too-large`" },
  maxPathBytes: {
    what: "an entry's path, a link's target",
    value: bytes,
    beyond: "`unsafe-entry`",
  },
  maxPieceBytes: { what: "a piece", value: bytes, beyond: "`bad-request`" },
  maxUploadsPerHost: {
    what: "uploads of a host under way; one that has not moved for 15 min does not count",
    value: count,
    beyond: "`too-many-uploads`",
  },
  maxRequestsPerHost: {
    what: "requests of a host under way, and so its connections",
    value: count,
    beyond: "`too-many-uploads`",
  },
  maxBodiesPerHost: {
    what: "bodies of a host that are read at once",
    value: count,
    beyond: "the others wait, unread",
  },
  maxPartialsPerHost: {
    what: "unfinished uploads of a host, idle ones too",
    value: count,
    beyond: "`too-many-uploads`",
  },
  maxPartialsBytes: {
    what: "the archives of all unfinished uploads, a fair share each host",
    value: bytes,
    beyond: "`too-many-uploads`",
  },
  minFreeBytes: {
    what: "free space that no upload uses up, those under way counted",
    value: bytes,
    beyond: "`disk-reserve`",
  },
  partialKeepMs: {
    what: "an unfinished upload is kept after its last byte",
    value: hours,
    beyond: "it is swept",
  },
  stallMs: { what: "a body without a byte", value: seconds, beyond: "`incomplete-body`" },
  slowestBytesPerS: {
    what: "the least that a body has to come by, over all",
    value: (value) => `${bytes(value)}/s`,
    beyond: "`incomplete-body`",
  },
  verifyWaitMs: {
    what: "a request waits for a verification",
    value: seconds,
    beyond: "`verifying`",
  },
};

const KEYS: Readonly<Record<Configured, string>> = {
  maxArchiveBytes: "max_archive_mb",
  maxUnpackedBytes: "max_unpacked_mb",
  maxPartialsBytes: "max_partials_mb",
  minFreeBytes: "min_free_mb",
  partialKeepMs: "partial_keep_hours",
};

/** A row for each limit, with its value or its default. */
export async function renderLimits(): Promise<string> {
  const parsed = await parseReceiverConfig("");
  if (parsed.kind !== "config") throw new Error("an empty receiver.toml is not taken");
  const limits: ReceiverLimits = { ...FIXED_LIMITS, ...parsed.config.limits };
  const rows = (Object.keys(ROWS) as (keyof ReceiverLimits)[]).map((limit) => {
    const { what, value, beyond } = ROWS[limit];
    const key = limit in KEYS ? `\`${KEYS[limit as Configured]}\`` : "";
    return `| ${what} | ${value(limits[limit])} | ${key} | ${beyond} |`;
  });
  return ["| limit | value | in `[limits]` | beyond it |", "| - | - | - | - |", ...rows].join("\n");
}

if (import.meta.main) {
  const path = new URL("../../docs/receiver.md", import.meta.url);
  const document = await Deno.readTextFile(path);
  await Deno.writeTextFile(path, replacePart(document, "limits", await renderLimits()));
}
