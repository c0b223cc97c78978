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
  /** A body without a byte for so long is given up. */
  readonly stallMs: number;
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
  stallMs: 60_000,
  verifyWaitMs: 20_000,
} as const satisfies Partial<ReceiverLimits>;

export function verifyLimits(limits: ReceiverLimits): VerifyLimits {
  const { maxArchiveBytes, maxUnpackedBytes, maxEntries, maxPathBytes } = limits;
  return { maxArchiveBytes, maxUnpackedBytes, maxEntries, maxPathBytes };
}
