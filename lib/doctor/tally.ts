/** What the shipper's journal comes to: of each episode its newest word counts, of the receiver the newest change. */
import type { ReadEvent } from "../events/mod.ts";
import type { Journal, JournalLine } from "./look/journal.ts";

/** What was said so and so often, and the newest such line's words. */
export interface Said {
  readonly count: number;
  readonly code: string;
  readonly status: number | undefined;
  readonly detail: string;
  readonly remediation: string | undefined;
  /** Of the newest line. Milliseconds since the epoch. */
  readonly atMs: number;
  /** Of the newest, where lines name episodes. */
  readonly ids: readonly string[];
}

export interface Tally {
  /** How many events there were. */
  readonly events: number;
  /** Episodes that stay because their commit is not accepted now; count 0 when none is held any more. */
  readonly held: Said | undefined;
  /** Went to quarantine, by code, the most frequent first. */
  readonly refused: readonly Said[];
  /** The last try did not get through, by code, the most frequent first. */
  readonly failing: readonly Said[];
  /** Nothing is sent since then. */
  readonly away: (Said & { readonly event: "paused" | "receiver-away" }) | undefined;
  /** Faults of the program itself. */
  readonly bugs: readonly Said[];
  readonly shipped: number;
  /** Runs of the unit that failed, by systemd's word for how. */
  readonly failedRuns: ReadonlyMap<string, number>;
  /** What the unit complained of last, event or not; undefined when it did not. */
  readonly lastError: string | undefined;
}

/** `lines` newest first. */
export function tally({ lines }: Pick<Journal, "lines">): Tally {
  const held: Group = new Map();
  const refused: Group = new Map();
  const failing: Group = new Map();
  const bugs: Group = new Map();
  const failedRuns = new Map<string, number>();
  const settled = new Set<string>();
  let events = 0;
  let shipped = 0;
  let heldCount: number | undefined;
  let away: Tally["away"] | "back";
  for (const { event, unitResult, atMs } of lines) {
    if (unitResult !== undefined && unitResult !== "success") {
      failedRuns.set(unitResult, (failedRuns.get(unitResult) ?? 0) + 1);
    }
    if (event === undefined) continue;
    events += event.times;
    const { name, fields } = event;
    if (name === "held") heldCount ??= Number(fields.get("count"));
    if (name === "receiver-back") away ??= "back";
    if (name === "paused" || name === "receiver-away") {
      away ??= { ...saidOf(event, atMs), event: name };
    }
    if (name === "pass-failed" || name === "request-failed") add(bugs, event, atMs);
    const id = fields.get("id");
    if (id === undefined) continue;
    const fate = FATES[name];
    // Older words on the same episode no longer count.
    if (fate === undefined || settled.has(id)) continue;
    settled.add(id);
    if (fate === "shipped") shipped++;
    if (fate === "held" && heldCount === undefined) add(held, event, atMs);
    if (fate === "refused") add(refused, event, atMs);
    if (fate === "failing") add(failing, event, atMs);
    if (fate === "bug") add(bugs, event, atMs);
  }
  return {
    events,
    held: heldOf(heldCount, listOf(held)[0], lines),
    refused: listOf(refused),
    failing: listOf(failing),
    away: away === "back" ? undefined : away,
    bugs: listOf(bugs),
    shipped,
    failedRuns,
    lastError: lines.find(isComplaint)?.message,
  };
}

/** What an event says of one episode. */
const FATES: Readonly<
  Record<string, "held" | "refused" | "failing" | "bug" | "shipped" | undefined>
> = {
  "episode-shipped": "shipped",
  "episode-held": "held",
  "episode-quarantined": "refused",
  "try-failed": "failing",
  "archive-refused": "failing",
  "episode-failed": "bug",
};

/** The shipper counts what is held; lines newer than its count are more of them, or the same ones tried again. */
function heldOf(
  count: number | undefined,
  newer: Said | undefined,
  lines: readonly JournalLine[],
): Said | undefined {
  if (count === undefined || Number.isNaN(count)) return newer;
  const last = lines.find(({ event }) => event?.name === "episode-held");
  const said = newer ?? (last?.event && saidOf(last.event, last.atMs));
  const most = Math.max(count, newer?.count ?? 0);
  return {
    code: "out-of-window",
    status: 412,
    detail: "their commits are not accepted now",
    remediation: undefined,
    atMs: 0,
    ids: [],
    ...said,
    count: most,
  };
}

type Group = Map<string, Said>;

function add(group: Group, event: ReadEvent, atMs: number): void {
  const code = event.fields.get("code") ?? event.name;
  const before = group.get(code);
  const said = saidOf(event, atMs);
  group.set(
    code,
    before === undefined
      ? said
      : { ...before, count: before.count + said.count, ids: [...before.ids, ...said.ids] },
  );
}

function saidOf({ name, words, fields, times }: ReadEvent, atMs: number): Said {
  const status = Number(fields.get("status"));
  const id = fields.get("id");
  return {
    count: times,
    code: fields.get("code") ?? name,
    status: Number.isInteger(status) && status > 0 ? status : undefined,
    detail: fields.get("detail") ?? fields.get("why") ?? words,
    remediation: fields.get("remediation"),
    atMs,
    ids: id === undefined ? [] : [id],
  };
}

function listOf(group: Group): Said[] {
  return [...group.values()].sort((a, b) => b.count - a.count);
}

/** syslog(3): 3 and below are errors. What systemd says of the unit is not the unit's complaint. */
function isComplaint({ priority, unitResult, message }: JournalLine): boolean {
  return priority <= 3 && unitResult === undefined && message.trim() !== "";
}
