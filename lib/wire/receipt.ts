/** What the receiver gives for an episode that it has stored and synced. */
import * as v from "valibot";
import {
  type Digest,
  type EpisodeId,
  findDigest,
  findEpisodeId,
  findHostId,
  findStamp,
  type HostId,
  type Stamp,
} from "../episode/mod.ts";

const HEX_PREFIX = "sha256:";

const digest = v.pipe(
  v.string(),
  v.startsWith(HEX_PREFIX),
  v.transform((text) => findDigest(text.slice(HEX_PREFIX.length))),
  v.custom<Digest>((value) => value !== undefined),
);
const bytes = v.pipe(v.number(), v.safeInteger(), v.minValue(0));

const schema = v.object({
  format: v.literal(1),
  host: v.pipe(
    v.string(),
    v.transform(findHostId),
    v.custom<HostId>((value) => value !== undefined),
  ),
  id: v.pipe(
    v.string(),
    v.transform(findEpisodeId),
    v.custom<EpisodeId>((value) => value !== undefined),
  ),
  episode_digest: digest,
  archive_digest: digest,
  archive_bytes: bytes,
  tar_bytes: bytes,
  entries: bytes,
  code_commit: v.pipe(
    v.string(),
    v.transform(findStamp),
    v.custom<Stamp>((value) => value !== undefined),
  ),
  stored_at: v.pipe(v.string(), v.isoTimestamp()),
  receiver: v.string(),
});

/** Sizes in bytes; `stored_at` is RFC 3339 in UTC; `receiver` is the version that stored it. */
export type Receipt = v.InferOutput<typeof schema>;

/** The receipt as JSON's value; digests are written `sha256:<hex>`. */
export function receiptToJson(receipt: Receipt): Record<string, string | number> {
  return {
    ...receipt,
    episode_digest: HEX_PREFIX + receipt.episode_digest,
    archive_digest: HEX_PREFIX + receipt.archive_digest,
  };
}

/** The receipt as JSON. {@link parseReceipt} inverts it. */
export function formatReceipt(receipt: Receipt): string {
  return JSON.stringify(receiptToJson(receipt), undefined, 2) + "\n";
}

/** Undefined when `value` is not a receipt in every member; {@link receiptToJson} inverts it. */
export function findReceipt(value: unknown): Receipt | undefined {
  const parsed = v.safeParse(schema, value);
  return parsed.success ? parsed.output : undefined;
}

/** Undefined when `text` is not a receipt, whole and in every member. */
export function parseReceipt(text: string): Receipt | undefined {
  try {
    return findReceipt(JSON.parse(text));
  } catch {
    return undefined;
  }
}
