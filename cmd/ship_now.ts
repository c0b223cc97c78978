/** `cis490 ship --now`: has the daemon of a data directory start a pass at once, in which all that waits is due. */
import type { LabHostConfig } from "../lib/config/mod.ts";
import { layoutOf } from "../lib/queue/mod.ts";
import { exactFs, fileLocks, findFile, isFsError, Libc } from "../lib/sys/mod.ts";
import type { Io } from "./print.ts";

/** signal(7); the same on x86_64 and aarch64. */
const SIGUSR1 = 10;
const PID_LIMIT_BYTES = 64;

/** Exit code 0 when the daemon was told, 1 when none works there. Throws FsError. */
export function run({ dataDir }: Pick<LabHostConfig, "dataDir">, io: Io): number {
  const libc = new Libc();
  const { shipperLock } = layoutOf(dataDir);
  const bytes = findFile(exactFs(libc), shipperLock, PID_LIMIT_BYTES);
  const pid = Number(new TextDecoder().decode(bytes).trim());
  // The pid is the holder's only while the lock is held.
  const lock = bytes === undefined ? undefined : fileLocks(libc).tryLock(shipperLock);
  if (bytes === undefined || lock !== undefined || !Number.isSafeInteger(pid) || pid <= 1) {
    lock?.release();
    io.stderr(`cis490: no shipper works on ${dataDir}; systemctl start cis490-shipper`);
    return 1;
  }
  try {
    libc.signal(pid, SIGUSR1);
  } catch (error) {
    if (!isFsError(error, "denied")) throw error;
    io.stderr(`cis490: the shipper (pid ${pid}) is another user's; run it as root or as cis490`);
    return 1;
  }
  io.stdout(`told the shipper (pid ${pid}) to try everything now`);
  return 0;
}
