/** The real parts of the shipper, from the configuration. */
import { createPacker, type Packer } from "../lib/archive/mod.ts";
import type { LabHostConfig } from "../lib/config/mod.ts";
import type { Log } from "../lib/events/mod.ts";
import { openQueue, type Queue } from "../lib/queue/mod.ts";
import { createShop, type Observer, type Shop } from "../lib/shipper/mod.ts";
import {
  exactFs,
  fileLocks,
  type Fs,
  isFsError,
  Libc,
  ownedFs,
  type Owner,
  systemClock,
  systemRandom,
} from "../lib/sys/mod.ts";
import { createTransport, type LimitedTransport } from "../lib/transport/mod.ts";
import { findOwner } from "./data_dir.ts";
import type { Io } from "./print.ts";
import { realWireParts, transportOptionsOf } from "./transport.ts";

/** More workers than this gain nothing on a lab host, and cost 20 MB each. */
const MOST_PACKERS = 2;

export interface RealShop {
  readonly shop: Shop;
  /** Uploads that are under way go on with the new limit. */
  setRateLimit(bytesPerSecond: number | undefined): void;
  /** Once more is harmless. */
  close(): void;
}

/** Opens the queue and makes the rest; `watch` may look at what the file system does. Throws QueueError, FsError. */
export async function openShop(
  config: LabHostConfig,
  io: Io,
  log: Log,
  observer: Observer,
  watch: (fs: Fs) => Fs = (fs) => fs,
): Promise<RealShop> {
  const { dataDir, queue: limits, transport: { uploads, compressionLevel } } = config;
  const libc = new Libc();
  const exact = exactFs(libc);
  const owner = findOwnerIfThere(exact, dataDir);
  const fs = watch(owner === undefined ? exact : ownedFs(exact, owner));
  const clock = systemClock;
  const queue: Queue = await openQueue(
    { fs, clock, locks: fileLocks(libc, owner), log },
    { dataDir, settleMs: limits.settleMs, pid: Deno.pid },
  );
  const packer: Packer = createPacker({ workers: Math.min(uploads, MOST_PACKERS) });
  const transport: LimitedTransport = createTransport(
    { ...realWireParts, fs },
    {
      ...transportOptionsOf(config, io),
      onComplaint(why) {
        if (why === undefined) log("certificates-good", {});
        else log("certificates-bad", { why });
      },
    },
  );
  const shop = createShop({ queue, packer, transport, random: systemRandom, observer }, {
    uploads,
    outboxAhead: limits.outboxAhead,
    minFreeBytes: limits.minFreeBytes,
    compressionLevel,
    retention: {
      quarantineKeepMs: limits.quarantineKeepMs,
      shippedKeepMs: limits.shippedKeepMs,
      intervalMs: limits.quarantineCleanupIntervalMs,
    },
  });
  let isClosed = false;
  return {
    shop,
    setRateLimit: transport.setRateLimit,
    close() {
      if (isClosed) return;
      isClosed = true;
      transport.close();
      packer.close();
      queue.close();
    },
  };
}

/** What root makes is to be the data directory's owner's; in a directory that is not there yet it is root's. */
function findOwnerIfThere(fs: Fs, dataDir: string): Owner | undefined {
  try {
    return findOwner(fs, dataDir);
  } catch (error) {
    if (isFsError(error, "gone")) return undefined;
    throw error;
  }
}
