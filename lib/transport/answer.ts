/** What became of a request, before anyone decides what it means for an episode. */
import type { Digest, EpisodeId, Stamp } from "../episode/mod.ts";
import type { Pong, Problem, ProblemName, Receipt, Window } from "../wire/mod.ts";

/** Where on the way to the receiver a request ended. */
export const LAYERS = [
  "name",
  "tcp",
  "tls",
  "certificate",
  "token",
  "receiver",
] as const;
export type Layer = (typeof LAYERS)[number];

/** No answer that counts: nothing is known of the episode. */
export type NoAnswer =
  /** Connection, name, TLS or time-out; `certificate` also when the client's own files are not ready. */
  | {
    readonly kind: "unreachable";
    readonly layer: Layer;
    readonly why: string;
    /** Nothing was sent: certificate or token of this host are not ready. */
    readonly local?: true;
  }
  /** An answer, but none of this protocol: a proxy's page, a redirect, another server's JSON. */
  | {
    readonly kind: "foreign";
    readonly status: number;
    readonly why: string;
    readonly retryAfterMs: number | undefined;
  };

/** A refusal by the receiver. */
export interface Refused {
  readonly kind: "refused";
  readonly name: ProblemName;
  readonly problem: Problem;
  readonly retryAfterMs: number | undefined;
}

/** What an upload ended with. `stored` carries a receipt that names our host, id and episode digest. */
export type Answer =
  | { readonly kind: "stored"; readonly already: boolean; readonly receipt: Receipt }
  /** The archive on disk could not be read, or is not the one of the record: pack again. */
  | { readonly kind: "unreadable"; readonly why: string }
  /** The signal was aborted; what is synced at the receiver stays there. */
  | { readonly kind: "aborted" }
  | Refused
  | NoAnswer;

/** One archive to be sent. */
export interface Upload {
  readonly id: EpisodeId;
  /** The path of the archive on disk. */
  readonly archive: string;
  readonly archiveBytes: number;
  readonly archiveDigest: Digest;
  readonly episodeDigest: Digest;
  /** Omitted from the request when the episode has none. */
  readonly stamp: Stamp | undefined;
}

/** Called with bytes newly acknowledged by the receiver; never throws. */
export type UploadProgress = (acknowledgedBytes: number, totalBytes: number) => void;

/** What the shipper asks of a receiver. No method throws but for a bug; every one obeys its time-outs. */
export interface Transport {
  upload(upload: Upload, progress: UploadProgress, signal: AbortSignal): Promise<Answer>;
  ping(
    signal: AbortSignal,
  ): Promise<{ readonly kind: "pong"; readonly pong: Pong } | Refused | NoAnswer>;
  /** The accepted commits, by ETag and at most once a minute. */
  window(
    signal: AbortSignal,
  ): Promise<{ readonly kind: "window"; readonly window: Window } | Refused | NoAnswer>;
  /** Does the receiver have the episode? `missing` only on its own 404. */
  stored(id: EpisodeId, signal: AbortSignal): Promise<
    | { readonly kind: "present"; readonly episodeDigest: Digest }
    | { readonly kind: "missing" }
    | Refused
    | NoAnswer
  >;
  close(): void;
}
