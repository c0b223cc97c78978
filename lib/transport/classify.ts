/**
 * What an answer is. Stored is only what carries a receipt for this very episode; refused only what carries a problem of
 * this protocol; everything else is foreign, whatever its status says.
 */
import type { Digest, EpisodeId, HostId } from "../episode/mod.ts";
import {
  HEADER,
  MEDIA_TYPE_PROBLEM,
  MEDIA_TYPE_RECEIPT,
  parseBytes,
  parseDigestField,
  parsePong,
  parseProblem,
  parseReceipt,
  parseUploadLimit,
  parseWindow,
  type Pong,
  type Receipt,
  type Window,
} from "../wire/mod.ts";
import type { Answer, NoAnswer, Refused } from "./answer.ts";
import type { HttpAnswer } from "./http.ts";
import { parseRetryAfter } from "./retry_after.ts";

export type Foreign = Extract<NoAnswer, { kind: "foreign" }>;

/** Whose receipt is waited for. */
export interface Expected {
  readonly host: HostId;
  readonly id: EpisodeId;
  readonly episodeDigest: Digest;
}

/** The answer to an announcement that was taken. */
export interface Admitted {
  readonly kind: "admitted";
  /** Bytes that are synced at the receiver. */
  readonly offset: number;
  /** The largest piece it takes; undefined when it does not say. */
  readonly maxPieceBytes: number | undefined;
}

/** The answer to a piece that was not the last. */
export interface Acknowledged {
  readonly kind: "acknowledged";
  readonly offset: number;
}

/** To a whole archive, or the last piece. `now` is for a Retry-After with a date. */
export function readStored(answer: HttpAnswer, expected: Expected, now: number): Answer {
  const { status } = answer;
  if (status !== 200 && status !== 201) return readRefusal(answer, now);
  if (!hasMediaType(answer, MEDIA_TYPE_RECEIPT)) return foreign(answer, now, "not a receipt");
  const receipt = parseReceipt(answer.body ?? "");
  if (receipt === undefined) return foreign(answer, now, "a damaged receipt");
  const fault = findReceiptFault(receipt, expected);
  if (fault !== undefined) return foreign(answer, now, fault);
  return { kind: "stored", already: status === 200, receipt };
}

/** To an announcement. Its 201 says all in its fields, so it counts only with the receiver's own. */
export function readAnnounced(
  answer: HttpAnswer,
  expected: Expected,
  totalBytes: number,
  now: number,
): Admitted | Answer {
  if (answer.status !== 201 || !isReceivers(answer)) return readStored(answer, expected, now);
  if (hasMediaType(answer, MEDIA_TYPE_RECEIPT)) return readStored(answer, expected, now);
  const offset = readOffset(answer);
  if (offset === undefined || offset > totalBytes) {
    return foreign(answer, now, "no Upload-Offset within the archive");
  }
  const limit = parseUploadLimit(answer.headers.get(HEADER.uploadLimit) ?? "");
  return { kind: "admitted", offset, maxPieceBytes: limit.maxPieceBytes };
}

/** To a piece. `from` and `to` are the offsets that it began and ended at. */
export function readAcknowledged(
  answer: HttpAnswer,
  expected: Expected,
  range: { readonly from: number; readonly to: number },
  now: number,
): Acknowledged | Answer {
  if (answer.status !== 204 || !isReceivers(answer)) return readStored(answer, expected, now);
  const offset = readOffset(answer);
  if (offset === undefined || offset <= range.from || offset > range.to) {
    return foreign(answer, now, "no Upload-Offset within the piece");
  }
  return { kind: "acknowledged", offset };
}

export type PongAnswer = { readonly kind: "pong"; readonly pong: Pong } | Refused | Foreign;

export function readPong(answer: HttpAnswer, now: number): PongAnswer {
  if (answer.status !== 200) return readRefusal(answer, now);
  const pong = parsePong(answer.body ?? "");
  return pong === undefined ? foreign(answer, now, "not a pong") : { kind: "pong", pong };
}

export function readWindow(
  answer: HttpAnswer,
  now: number,
): { readonly kind: "window"; readonly window: Window } | Refused | Foreign {
  if (answer.status !== 200) return readRefusal(answer, now);
  const window = parseWindow(answer.body ?? "");
  return window === undefined ? foreign(answer, now, "not a window") : { kind: "window", window };
}

/** To `HEAD`: without a body, so it counts only with the receiver's own field. */
export function readPresence(
  answer: HttpAnswer,
  now: number,
):
  | { readonly kind: "present"; readonly episodeDigest: Digest }
  | { readonly kind: "missing" }
  | Foreign {
  if (!isReceivers(answer)) return foreign(answer, now, "no Cis490-Receiver field");
  if (answer.status === 404) return { kind: "missing" };
  const digest = parseDigestField(answer.headers.get(HEADER.episodeDigest) ?? "");
  if (answer.status !== 200 || digest === undefined) {
    return foreign(answer, now, "neither a digest nor a 404");
  }
  return { kind: "present", episodeDigest: digest };
}

/** A problem of this protocol by its type, or a foreign answer. */
export function readRefusal(answer: HttpAnswer, now: number): Refused | Foreign {
  if (answer.status >= 400 && hasMediaType(answer, MEDIA_TYPE_PROBLEM)) {
    const found = parseProblem(parseJson(answer.body));
    if (found !== undefined) {
      return { kind: "refused", ...found, retryAfterMs: parseRetryAfter(answer.headers, now) };
    }
  }
  return foreign(answer, now, "not an answer of a cis490 receiver");
}

function foreign(answer: HttpAnswer, now: number, what: string): Foreign {
  return {
    kind: "foreign",
    status: answer.status,
    why: describeForeign(answer, what),
    retryAfterMs: parseRetryAfter(answer.headers, now),
  };
}

function describeForeign({ status, headers, body }: HttpAnswer, what: string): string {
  const location = headers.get("location");
  if (status >= 300 && status < 400 && location !== null) {
    return `${status}, a redirect to ${
      oneLine(location)
    }, which is not followed: check receiver.url`;
  }
  const type = headers.get("content-type")?.split(";")[0] ?? "no content type";
  const server = headers.get("server");
  const from = server === null ? "" : ` from ${oneLine(server)}`;
  const long = body === undefined ? ", too long" : "";
  return `${status}${from} (${oneLine(type)}${long}): ${what}`;
}

function findReceiptFault(receipt: Receipt, expected: Expected): string | undefined {
  if (receipt.host !== expected.host) {
    return `a receipt for host ${receipt.host}, not ${expected.host}`;
  }
  if (receipt.id !== expected.id) return `a receipt for ${receipt.id}, not ${expected.id}`;
  if (receipt.episode_digest !== expected.episodeDigest) {
    return `a receipt for another episode digest, ${receipt.episode_digest}`;
  }
  return undefined;
}

function isReceivers({ headers }: HttpAnswer): boolean {
  return headers.has(HEADER.receiver);
}

function readOffset({ headers }: HttpAnswer): number | undefined {
  return parseBytes(headers.get(HEADER.uploadOffset) ?? "");
}

function hasMediaType({ headers }: HttpAnswer, type: string): boolean {
  return headers.get("content-type")?.split(";")[0]?.trim().toLowerCase() === type;
}

function parseJson(text: string | undefined): unknown {
  try {
    return JSON.parse(text ?? "");
  } catch {
    return undefined;
  }
}

/** What a stranger sends, fit for a log line. */
function oneLine(text: string): string {
  const plain = text.replaceAll(/[^\x20-\x7e]+/g, "?");
  return plain.length > 200 ? plain.slice(0, 200) + "…" : plain;
}
