/** The receiver's answers, as responses. */
import {
  formatBoolean,
  formatReceipt,
  formatUploadLimit,
  HEADER,
  MEDIA_TYPE_PROBLEM,
  MEDIA_TYPE_RECEIPT,
  problemOf,
  problemRow,
  type Receipt,
  type UploadLimit,
  uploadPath,
} from "../wire/mod.ts";
import type { Refusal } from "./refusal.ts";
import type { PartialUpload, UploadKey } from "./store.ts";

/** What became of a request that was not refused, in a word. */
export function outcomeOf({ status, headers }: Response): string {
  if (headers.get("content-type") === MEDIA_TYPE_RECEIPT) {
    return status === 201 ? "stored" : "already-stored";
  }
  return headers.has(HEADER.uploadOffset) ? "under-way" : "ok";
}

export function stored(receipt: Receipt, already: boolean): Response {
  return new Response(formatReceipt(receipt), {
    status: already ? 200 : 201,
    headers: { "content-type": MEDIA_TYPE_RECEIPT },
  });
}

/** To an announcement: where the archive goes, and from which byte on. */
export function announced(partial: PartialUpload, limit: UploadLimit): Response {
  return new Response(null, {
    status: 201,
    headers: { ...uploadFields(partial, limit), location: locationOf(partial) },
  });
}

/** To a piece that was not the last. */
export function continued(partial: PartialUpload): Response {
  return new Response(null, { status: 204, headers: progressFields(partial) });
}

/** To HEAD of an upload. */
export function uploadState(partial: PartialUpload, limit: UploadLimit): Response {
  return new Response(null, {
    status: 204,
    headers: { ...uploadFields(partial, limit), "cache-control": "no-store" },
  });
}

export function json(value: unknown, status = 200): Response {
  return new Response(JSON.stringify(value) + "\n", {
    status,
    headers: { "content-type": "application/json", "cache-control": "no-store" },
  });
}

export function refused(refusal: Refusal): Response {
  const body = JSON.stringify(problemOf(refusal.problem, refusal.details)) + "\n";
  return new Response(body, {
    status: problemRow(refusal.problem).status,
    headers: {
      ...refusal.headers,
      "content-type": MEDIA_TYPE_PROBLEM,
      "cache-control": "no-store",
    },
  });
}

function locationOf({ host, id, archiveDigest }: UploadKey): string {
  return uploadPath(host, id, archiveDigest);
}

function progressFields(partial: PartialUpload): Record<string, string> {
  return {
    [HEADER.uploadComplete]: formatBoolean(false),
    [HEADER.uploadOffset]: String(partial.offsetBytes),
  };
}

function uploadFields(partial: PartialUpload, limit: UploadLimit): Record<string, string> {
  return {
    ...progressFields(partial),
    [HEADER.uploadLength]: String(partial.archiveBytes),
    [HEADER.uploadLimit]: formatUploadLimit(limit),
  };
}
