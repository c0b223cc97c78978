/**
 * One archive's way to the receiver: in one request when it is no larger than a piece, else announced and then in pieces.
 *
 *     whole ──▶ answer                       verifying, or the two ends disagree: announce
 *     announce ──▶ answer | admitted ──▶ piece ──▶ acknowledged ──▶ piece … ──▶ answer
 *
 * Nothing is remembered between two calls: an announcement tells where to go on.
 */
import type { HostId } from "../episode/mod.ts";
import { type Clock, isFsError, type PlainFs } from "../sys/mod.ts";
import {
  episodePath,
  formatBoolean,
  formatDigestField,
  HEADER,
  MEDIA_TYPE_ARCHIVE,
  MEDIA_TYPE_PIECE,
  problemRow,
  uploadPath,
  type Verdict,
} from "../wire/mod.ts";
import type { Answer, Upload, UploadProgress } from "./answer.ts";
import { ArchiveError, ArchiveFile, type Piece } from "./archive_file.ts";
import {
  type Acknowledged,
  type Admitted,
  type Expected,
  readAcknowledged,
  readAnnounced,
  readStored,
} from "./classify.ts";
import type { Request, Send, Sent } from "./http.ts";
import { Patience } from "./patience.ts";
import { type PieceSize, pieceTimeoutMs } from "./piece_size.ts";
import type { RateLimit } from "./rate.ts";

export interface UploadParts {
  readonly clock: Clock;
  readonly fs: Pick<PlainFs, "openRead">;
  readonly send: Send;
  readonly pieceSize: PieceSize;
  readonly rate: RateLimit;
}

/** An announcement has no body, but the receiver may wait 20 s for a verification before it answers. */
const ANNOUNCE_TIMEOUT_MS = 60_000;

/** Never throws but for a bug. `progress` gets the bytes that the receiver has synced. */
export async function uploadArchive(
  parts: UploadParts,
  host: HostId,
  upload: Upload,
  progress: UploadProgress,
  signal: AbortSignal,
): Promise<Answer> {
  try {
    const file = ArchiveFile.open(parts.clock, parts.fs, upload.archive, upload.archiveBytes);
    try {
      return await new OneUpload(parts, host, upload, progress, signal, file).run();
    } finally {
      file.close();
    }
  } catch (error) {
    if (error instanceof ArchiveError || isFsError(error)) {
      return { kind: "unreadable", why: error.message };
    }
    throw error;
  }
}

class OneUpload {
  #syncedBytes = 0;
  readonly #expected: Expected;
  readonly #patience: Patience;

  constructor(
    private readonly parts: UploadParts,
    private readonly host: HostId,
    private readonly upload: Upload,
    private readonly progress: UploadProgress,
    private readonly signal: AbortSignal,
    private readonly file: ArchiveFile,
  ) {
    this.#expected = { host, id: upload.id, episodeDigest: upload.episodeDigest };
    this.#patience = new Patience(parts.clock);
  }

  async run(): Promise<Answer> {
    const { pieceSize, rate } = this.parts;
    const { archiveBytes } = this.upload;
    let whole = archiveBytes <= Math.min(pieceSize.oneShotBytes, rate.pieceBytes);
    for (;;) {
      const answer = whole ? await this.#sendWhole() : await this.#sendInPieces();
      if (!await this.#asksForAnother(answer)) return answer;
      // Whatever the receiver has of it by now, an announcement asks without sending it twice.
      whole = false;
    }
  }

  /** Whether to announce again after `answer`; waits first when the receiver verifies. */
  async #asksForAnother(answer: Answer): Promise<boolean> {
    if (answer.kind === "stored") this.#acknowledge(this.upload.archiveBytes);
    if (answer.kind !== "refused" || this.signal.aborted) return false;
    const verdict: Verdict = problemRow(answer.name).verdict;
    if (verdict === "announce") return this.#patience.mayAnnounceAgain();
    if (verdict !== "progress") return false;
    this.#acknowledge(this.upload.archiveBytes);
    return await this.#patience.waitsForVerification(answer.retryAfterMs, this.signal);
  }

  async #sendWhole(): Promise<Answer> {
    const { archiveBytes, archiveDigest, archive } = this.upload;
    const piece = await this.file.read(0, archiveBytes);
    if (piece.digest !== archiveDigest) {
      throw new ArchiveError(`${archive}: its digest is ${piece.digest}, not ${archiveDigest}`);
    }
    const { answer, elapsedMs } = await this.#timed({
      method: "PUT",
      path: episodePath(this.host, this.upload.id),
      headers: this.#archiveHeaders(),
      body: piece.bytes,
      timeoutMs: pieceTimeoutMs(archiveBytes),
    }, (sent, now) => readStored(sent, this.#expected, now));
    // The time includes the verification, so it can only show that the link is faster than thought.
    if (answer.kind === "stored" && !answer.already) {
      this.parts.pieceSize.acknowledged(archiveBytes, elapsedMs);
    }
    return answer;
  }

  async #sendInPieces(): Promise<Answer> {
    const announced = await this.#announce();
    if (announced.kind !== "admitted") return announced;
    const total = this.upload.archiveBytes;
    this.#acknowledge(announced.offset);
    for (let offset = announced.offset;;) {
      const size = Math.min(
        this.parts.pieceSize.bytes,
        this.parts.rate.pieceBytes,
        announced.maxPieceBytes ?? Infinity,
        total - offset,
      );
      const answer = await this.#sendPiece(offset, await this.file.read(offset, size));
      if (answer.kind !== "acknowledged") return answer;
      offset = answer.offset;
      this.#acknowledge(offset);
      if (offset === total) return afterLastPiece();
    }
  }

  async #announce(): Promise<Admitted | Answer> {
    const { archiveBytes, id } = this.upload;
    const request: Request = {
      method: "PUT",
      path: episodePath(this.host, id),
      headers: {
        ...this.#archiveHeaders(),
        [HEADER.uploadComplete]: formatBoolean(false),
        [HEADER.uploadLength]: `${archiveBytes}`,
      },
      timeoutMs: ANNOUNCE_TIMEOUT_MS,
    };
    const sent = await this.parts.send(request, this.signal);
    if (sent.kind !== "answer") return sent;
    return readAnnounced(sent, this.#expected, archiveBytes, this.parts.clock.now());
  }

  /** An empty piece at the end completes an upload whose bytes are all there. */
  async #sendPiece(offset: number, piece: Piece): Promise<Acknowledged | Answer> {
    const { archiveBytes, archiveDigest, id } = this.upload;
    const to = offset + piece.bytes.byteLength;
    const { answer, elapsedMs } = await this.#timed({
      method: "PATCH",
      path: uploadPath(this.host, id, archiveDigest),
      headers: {
        "content-type": MEDIA_TYPE_PIECE,
        [HEADER.uploadOffset]: `${offset}`,
        [HEADER.uploadComplete]: formatBoolean(to === archiveBytes),
        [HEADER.contentDigest]: formatDigestField(piece.digest),
      },
      body: piece.bytes,
      timeoutMs: pieceTimeoutMs(piece.bytes.byteLength),
    }, (sent, now) => readAcknowledged(sent, this.#expected, { from: offset, to }, now));
    if (answer.kind === "acknowledged") {
      this.parts.pieceSize.acknowledged(answer.offset - offset, elapsedMs);
    }
    return answer;
  }

  /** Sends a body when the limit allows, and makes the next piece smaller when no answer of a receiver came. */
  async #timed<A extends Acknowledged | Answer>(
    request: Request,
    read: (answer: Extract<Sent, { kind: "answer" }>, now: number) => A,
  ): Promise<{ answer: A | Exclude<Sent, { kind: "answer" }>; elapsedMs: number }> {
    const { clock, send, pieceSize, rate } = this.parts;
    await rate.take(request.body?.byteLength ?? 0, this.signal, () => this.#showProgress());
    const began = clock.monotonic();
    const sent = await send(request, this.signal);
    const elapsedMs = clock.monotonic() - began;
    const answer = sent.kind === "answer" ? read(sent, clock.now()) : sent;
    if (answer.kind === "unreachable" || answer.kind === "foreign") pieceSize.failed();
    return { answer, elapsedMs };
  }

  #archiveHeaders(): Record<string, string> {
    const { archiveDigest, episodeDigest, stamp } = this.upload;
    return {
      "content-type": MEDIA_TYPE_ARCHIVE,
      [HEADER.reprDigest]: formatDigestField(archiveDigest),
      [HEADER.episodeDigest]: formatDigestField(episodeDigest),
      ...(stamp === undefined ? {} : { [HEADER.codeCommit]: stamp }),
    };
  }

  #acknowledge(bytes: number): void {
    this.#patience.synced(bytes);
    this.#syncedBytes = bytes;
    this.#showProgress();
  }

  #showProgress(): void {
    this.progress(this.#syncedBytes, this.upload.archiveBytes);
  }
}

/** All bytes were taken and nothing was said of the archive: the next try asks. */
function afterLastPiece(): Answer {
  const why = "204 to the last piece: it says nothing of what became of the archive";
  return { kind: "foreign", status: 204, why, retryAfterMs: undefined };
}
