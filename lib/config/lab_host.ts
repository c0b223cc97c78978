/** `lab-host.toml`: what a lab host's shipper is told. */
import * as v from "valibot";
import type { HostId } from "../episode/mod.ts";
import {
  absolutePath,
  amount,
  count,
  flag,
  hostId,
  httpOrigin,
  note,
  secretSource,
} from "./keys.ts";
import { daysToMs, mbitToBytes, mbToBytes, secondsToMs } from "./units.ts";

/** The files of a client certificate. They may not exist yet, and may be replaced at any time. */
export interface CertificatePaths {
  readonly caBundle: string;
  readonly clientCert: string;
  readonly clientKey: string;
}

/** `lab-host.toml` in the program's own units. */
export interface LabHostConfig {
  readonly hostId: HostId;
  readonly dataDir: string;
  readonly receiver: {
    /** Scheme, host and port without a slash at the end, for example `https://pi:8443`. */
    readonly url: string;
    /** For `readSecret`. */
    readonly tokenFile: string;
    /** Undefined with an `http:` receiver, which needs none. */
    readonly certificates: CertificatePaths | undefined;
  };
  readonly queue: {
    readonly scanIntervalMs: number;
    readonly settleMs: number;
    readonly minFreeBytes: number;
    readonly outboxAhead: number;
    /** Undefined: kept for ever. */
    readonly quarantineKeepMs: number | undefined;
    readonly quarantineCleanupIntervalMs: number;
    /** Undefined: kept for ever. */
    readonly shippedKeepMs: number | undefined;
  };
  readonly transport: {
    readonly uploads: number;
    /** Undefined: no limit. */
    readonly rateLimitBytesPerSecond: number | undefined;
    readonly compressionLevel: number | "auto";
  };
}

const COMPRESSION_LEVEL = 'a whole number from 1 to 19, or "auto"';

const receiver = v.object({
  url: httpOrigin(
    "The receiver. Plain http:// is for loopback, unless insecure = true",
    "a URL like https://pi:8443, without path, user or password",
  ),
  token_file: v.optional(secretSource("The bearer token of this host"), "/etc/cis490/token"),
  ca_bundle: v.optional(
    absolutePath("PEM of the authority that signed the receiver's certificate (https only)"),
    "/etc/cis490/pki/ca.crt",
  ),
  client_cert: v.optional(
    absolutePath("PEM of this host's certificate (https only)"),
    "/etc/cis490/pki/client.crt",
  ),
  client_key: v.optional(
    absolutePath("PEM of its private key (https only)"),
    "/etc/cis490/pki/client.key",
  ),
  insecure: v.optional(flag("Allows http:// to a receiver that is not on loopback"), false),
}, "a table");

const queue = v.object({
  scan_interval_s: v.optional(
    amount("How often episodes/ is looked at when nothing wakes the shipper", "seconds", 0.1, 3600),
    5,
  ),
  settle_s: v.optional(
    amount("How long an episode must lie unchanged before it is ready", "seconds", 0, 86_400),
    10,
  ),
  min_free_mb: v.optional(
    amount("Free space that packing leaves on the disk", "MiB", 0, 2 ** 30),
    1024,
  ),
  outbox_ahead: v.optional(count("Archives packed ahead of the uploads", 1, 64), 4),
  quarantine_keep_days: v.optional(
    amount(
      "Age at which a quarantined episode is deleted; 0: never",
      "days",
      0,
      36_500,
    ),
    30,
  ),
  quarantine_cleanup_interval_s: v.optional(
    amount(
      "The least time between two looks for what is old enough",
      "seconds",
      0,
      86_400,
    ),
    3600,
  ),
  shipped_keep_days: v.optional(
    amount(
      "Age at which a shipped episode is deleted, if the receiver still has it; 0: only when the disk is low",
      "days",
      0,
      36_500,
    ),
    7,
  ),
}, "a table");

const transport = v.object({
  uploads: v.optional(
    count("Uploads side by side; of archives of at most 1 MiB twice as many", 1, 16),
    2,
  ),
  rate_limit_mbit: v.optional(
    amount("Upper limit of all uploads together; 0: none", "Mbit/s", 0, 100_000),
    0,
  ),
  compression_level: v.optional(
    note(
      v.union([
        v.pipe(
          v.number(),
          v.integer(COMPRESSION_LEVEL),
          v.minValue(1, COMPRESSION_LEVEL),
          v.maxValue(19, COMPRESSION_LEVEL),
        ),
        v.literal("auto"),
      ], COMPRESSION_LEVEL),
      {
        about:
          'The level of zstd; "auto" begins with 3 and goes as high as the link leaves time for',
        expected: COMPRESSION_LEVEL,
      },
    ),
    3,
  ),
}, "a table");

/** The keys, their kinds and defaults. */
export const labHostKeys = v.object({
  host_id: hostId("The name of this host, as in its certificate and its token"),
  data_dir: v.optional(
    absolutePath("Holds episodes/, outbox/, shipped/ and quarantine/, on one file system"),
    "/var/lib/cis490",
  ),
  receiver: v.optional(receiver, {} as v.InferInput<typeof receiver>),
  queue: v.optional(queue, {}),
  transport: v.optional(transport, {}),
}, "a table");

/** From the keys of the file to the program's own names and units. */
export const labHostSchema = v.pipe(
  labHostKeys,
  v.forward(
    v.partialCheck(
      [["receiver", "url"], ["receiver", "insecure"]],
      (keys) => isSecure(keys.receiver.url) || keys.receiver.insecure,
      "https:// (http:// is for a receiver on loopback; insecure = true allows it elsewhere)",
    ),
    ["receiver", "url"],
  ),
  v.transform((keys): LabHostConfig => ({
    hostId: keys.host_id,
    dataDir: keys.data_dir,
    receiver: {
      url: keys.receiver.url,
      tokenFile: keys.receiver.token_file,
      certificates: keys.receiver.url.startsWith("https:")
        ? {
          caBundle: keys.receiver.ca_bundle,
          clientCert: keys.receiver.client_cert,
          clientKey: keys.receiver.client_key,
        }
        : undefined,
    },
    queue: {
      scanIntervalMs: secondsToMs(keys.queue.scan_interval_s),
      settleMs: secondsToMs(keys.queue.settle_s),
      minFreeBytes: mbToBytes(keys.queue.min_free_mb),
      outboxAhead: keys.queue.outbox_ahead,
      quarantineKeepMs: unlessZero(daysToMs(keys.queue.quarantine_keep_days)),
      quarantineCleanupIntervalMs: secondsToMs(keys.queue.quarantine_cleanup_interval_s),
      shippedKeepMs: unlessZero(daysToMs(keys.queue.shipped_keep_days)),
    },
    transport: {
      uploads: keys.transport.uploads,
      rateLimitBytesPerSecond: unlessZero(mbitToBytes(keys.transport.rate_limit_mbit)),
      compressionLevel: keys.transport.compression_level,
    },
  })),
);

function isSecure(origin: string): boolean {
  const { protocol, hostname } = new URL(origin);
  return protocol === "https:" || isLoopback(hostname);
}

/** RFC 6761 (localhost), RFC 1122 (127.0.0.0/8), RFC 4291 (::1). */
function isLoopback(hostname: string): boolean {
  return hostname === "localhost" || hostname === "[::1]" ||
    /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(hostname);
}

function unlessZero(value: number): number | undefined {
  return value === 0 ? undefined : value;
}
