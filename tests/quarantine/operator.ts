/** The other process at a queue: an operator's command, with locks of its own. */
import type { OperatorDisk } from "../../lib/queue/mod.ts";
import { exactFs, fileLocks } from "../../lib/sys/mod.ts";
import { type Lab, libc } from "../shipper/lab.ts";

export function operator({ queue, clock }: Lab): OperatorDisk {
  return { fs: exactFs(libc), layout: queue.layout, locks: fileLocks(libc), clock };
}
