/** What the receiver takes, and how much of it at once. */
import type { VerifyLimits } from "../archive/mod.ts";

export interface ReceiverLimits {
  readonly maxArchiveBytes: number;
  /** Of the tar stream. */
  readonly maxUnpackedBytes: number;
  readonly maxEntries: number;
  /** Of one entry's path in UTF-8, and of a link's target. */
  readonly maxPathBytes: number;
  /** Free space on the store's disk that no upload may use up. */
  readonly minFreeBytes: number;
  readonly maxPieceBytes: number;
  /** Under way at once, of one host. */
  readonly maxUploadsPerHost: number;
  /** Bodies that are read at once, of one host: its share of the processor, and of the memory that unpacking takes. */
  readonly maxBodiesPerHost: number;
  /** Requests under way at once, of one host, whatever they ask. */
  readonly maxRequestsPerHost: number;
  /** Unfinished uploads of one host, idle ones as well. */
  readonly maxPartialsPerHost: number;
  /** Of the archives of all unfinished uploads, as announced; each host has a fair share of it. */
  readonly maxPartialsBytes: number;
  /** A body without a byte for so long is given up. */
  readonly stallMs: number;
  /** Bytes a second; a body that is slower, over all and beyond the first `stallMs`, is given up. */
  readonly slowestBytesPerS: number;
  /** A request waits so long for a verification. */
  readonly verifyWaitMs: number;
  /** Partials are kept so long after their last byte. */
  readonly partialKeepMs: number;
}

/** What no configuration changes. */
export const FIXED_LIMITS = {
  maxEntries: 1_000_000,
  maxPathBytes: 4096, // PATH_MAX
  maxPieceBytes: 16 * 1024 * 1024,
  maxUploadsPerHost: 64,
  maxBodiesPerHost: 8, // more than a shipper sends, with some whose connections are dead unheard
  maxRequestsPerHost: 128,
  maxPartialsPerHost: 64, // each announcement looks at all of them
  stallMs: 60_000,
  slowestBytesPerS: 8 * 1024, // half of what the shipper's own time-out takes for the slowest link (docs/transport.md)
  verifyWaitMs: 20_000,
} as const satisfies Partial<ReceiverLimits>;

export function verifyLimits(limits: ReceiverLimits): VerifyLimits {
  const { maxArchiveBytes, maxUnpackedBytes, maxEntries, maxPathBytes } = limits;
  return { maxArchiveBytes, maxUnpackedBytes, maxEntries, maxPathBytes };
}

/** How long the client of a body of so many bytes may keep us waiting altogether. */
export function patienceMs(
  { stallMs, slowestBytesPerS }: Pick<ReceiverLimits, "stallMs" | "slowestBytesPerS">,
  bytes: number,
): number {
  return stallMs + bytes / slowestBytesPerS * 1000;
}
