/** Everything that this machine knows of one episode. */
import * as v from "valibot";
import type { EpisodeId } from "../../episode/mod.ts";
import {
  type EpisodeRecord,
  findRecord,
  findShelfId,
  type Layout,
  listQuarantined,
  type Quarantined,
} from "../../queue/mod.ts";
import { findFile, isFsError, type PlainFs, type RunProgram } from "../../sys/mod.ts";
import type { Seen } from "../finding.ts";
import { type Journal, type JournalFault, readJournal } from "./journal.ts";

/** An episode that the receiver has acknowledged. */
export interface Shipped {
  /** Its id, or a numbered sibling of it. */
  readonly name: string;
  readonly atMs: number;
  readonly digest: string;
  readonly tries: number;
}

export interface Story {
  readonly id: EpisodeId;
  /** Since when it is in the queue (its directory's last change); undefined: it is not there. */
  readonly queuedMs: number | undefined;
  /** What lies in the queue under its name and is no directory. */
  readonly stranger: string | undefined;
  readonly record: EpisodeRecord | undefined;
  /** Of its archive in outbox/. */
  readonly archiveBytes: number | undefined;
  readonly isPacking: boolean;
  readonly shipped: readonly Shipped[];
  readonly quarantined: readonly Quarantined[];
  /** Lines that name it, oldest first. */
  readonly journal: Seen<Journal["lines"], JournalFault>;
}

export interface StoryParts {
  readonly fs: Pick<PlainFs, "list" | "lstat" | "findStat" | "openRead">;
  readonly run: RunProgram;
  readonly layout: Layout;
  readonly units: readonly string[];
  readonly sinceMs: number;
}

/** Throws FsError when this user may not look. */
export async function gatherStory(parts: StoryParts, id: EpisodeId): Promise<Story> {
  const { fs, layout } = parts;
  const stat = fs.findStat(layout.episode(id));
  const isThere = stat?.type === "directory";
  return {
    id,
    queuedMs: isThere ? Number(stat.ctimeNs / 1_000_000n) : undefined,
    stranger: isThere ? undefined : stat?.type,
    record: findRecord(fs, layout, id),
    archiveBytes: fs.findStat(layout.archive(id))?.sizeBytes,
    isPacking: fs.findStat(layout.partial(id)) !== undefined,
    shipped: listShipped(fs, layout, id),
    quarantined: orNone(() => listQuarantined(fs, layout))
      .filter(({ name, complete }) => complete && findShelfId(name) === id),
    journal: await readLines(parts, id),
  };
}

async function readLines(parts: StoryParts, id: EpisodeId): Promise<Story["journal"]> {
  const { run, units, sinceMs } = parts;
  // An id has no other sign that means something to a pattern. The journal's own search spares reading a day of it here.
  const pattern = ` id=${id.replaceAll(".", "\\.")}( |$)`;
  const question = { units, sinceMs, more: [`--grep=${pattern}`, "--case-sensitive=yes"] };
  const journal = await readJournal(run, question);
  return journal.kind === "unseen"
    ? journal
    : { kind: "seen", value: journal.value.lines.toReversed() };
}

const RECEIPT_LIMIT_BYTES = 64 * 1024;

const noteSchema = v.object({
  shipped_at: v.pipe(v.string(), v.isoTimestamp(), v.transform((text) => Date.parse(text))),
  tries: v.number(),
  receipt: v.object({ episode_digest: v.string() }),
});

function listShipped(
  fs: StoryParts["fs"],
  layout: Layout,
  id: EpisodeId,
): Shipped[] {
  return orNone(() => fs.list(layout.shelf("shipped"))).flatMap(({ name }): Shipped[] => {
    if (name === undefined || findShelfId(name) !== id) return [];
    const bytes = findFile(fs, layout.place("shipped", name).note, RECEIPT_LIMIT_BYTES);
    const note = bytes && parseNote(new TextDecoder().decode(bytes));
    if (!note) return [];
    const { shipped_at: atMs, tries, receipt: { episode_digest: digest } } = note;
    return [{ name, atMs, digest, tries }];
  });
}

function parseNote(text: string): v.InferOutput<typeof noteSchema> | undefined {
  try {
    const parsed = v.safeParse(noteSchema, JSON.parse(text));
    return parsed.success ? parsed.output : undefined;
  } catch {
    return undefined;
  }
}

/** A shelf that no shipper has made yet holds nothing. */
function orNone<T>(list: () => T[]): T[] {
  try {
    return list();
  } catch (error) {
    if (isFsError(error, "gone")) return [];
    throw error;
  }
}
