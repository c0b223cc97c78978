/** What one episode's story comes to: where it is, why it is there, and what is to be done. */
import { formatTime } from "../queue/mod.ts";
import { SHIP_NOW, UPDATE_LAB_HOST } from "./fixes.ts";
import type { Story } from "./look/story.ts";
import { ageInWords, sizeInWords } from "./words.ts";

/** `nowhere`: this machine knows of no such episode. */
export type Place = "queue" | "shipped" | "quarantine" | "nowhere";

export interface Why {
  readonly place: Place;
  /** One line: where it is and what it waits for. */
  readonly words: string;
  /** The command that moves it on; undefined when there is nothing to do. */
  readonly fix: string | undefined;
}

/** The queue comes first: what lies on a shelf besides is another episode of that name, or its former self. */
export function explain(story: Story, nowMs: number): Why {
  const { id, queuedMs, shipped, quarantined } = story;
  const reason = quarantined.at(-1);
  const receipt = shipped.at(-1);
  if (queuedMs !== undefined) return { place: "queue", ...explainQueued(story, queuedMs, nowMs) };
  if (reason !== undefined) {
    const words = `in quarantine as ${reason.code}: ${reason.detail}`;
    const retry = `sudo cis490 quarantine retry ${id}`;
    const { remediation } = reason;
    return {
      place: "quarantine",
      words,
      fix: remediation === undefined
        ? retry
        : `${remediation}   # then, if that mends this one too: ${retry}`,
    };
  }
  if (receipt !== undefined) {
    const words = `shipped ${
      ageInWords(nowMs - receipt.atMs)
    } ago, and acknowledged by the receiver`;
    return { place: "shipped", words, fix: undefined };
  }
  if (story.stranger !== undefined) {
    const words = `nowhere; what has this name in episodes/ is a ${story.stranger}, can be no ` +
      "episode, and is left alone";
    return { place: "nowhere", words, fix: undefined };
  }
  return {
    place: "nowhere",
    words:
      "neither in the queue nor shipped nor in quarantine; what was shipped is kept for shipped_keep_days",
    fix: undefined,
  };
}

const DOCTOR = "sudo cis490 doctor";

function explainQueued(
  { record, isPacking, archiveBytes }: Story,
  queuedMs: number,
  nowMs: number,
): Omit<Why, "place"> {
  const since = `in the queue for ${ageInWords(nowMs - queuedMs)}`;
  const last = record?.last;
  if (isPacking) return { words: `${since}, being packed now`, fix: undefined };
  if (record === undefined || last === undefined) {
    const packed = archiveBytes === undefined
      ? "not packed yet"
      : `packed (${sizeInWords(archiveBytes)})`;
    return { words: `${since}, ${packed}, not tried yet`, fix: DOCTOR };
  }
  const next = record.nextTryMs === undefined || record.nextTryMs <= nowMs
    ? "due now"
    : `next try in ${ageInWords(record.nextTryMs - nowMs)}, ${formatTime(record.nextTryMs)}`;
  const words = `${since}, ${last.outcome} (${last.code}): ${last.detail}; ${next}`;
  switch (last.outcome) {
    case "held":
      return { words, fix: UPDATE_LAB_HOST };
    case "stuck":
    case "paused":
      return { words, fix: DOCTOR };
    default:
      return { words, fix: SHIP_NOW };
  }
}
