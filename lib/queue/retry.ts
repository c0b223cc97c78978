/** From quarantine back into the queue, because its cause is mended. */
import type { EpisodeId } from "../episode/mod.ts";
import { type Handled, handleEach, type HandleOptions } from "./by_hand.ts";
import type { OperatorDisk } from "./operator.ts";
import { planReturn, type Returned, returnToQueue } from "./returns.ts";

/**
 * Puts these names of `quarantine/` back into `episodes/`, where each starts afresh; why it was here stays as history.
 * Throws FsError when the directories can't be made.
 */
export function retryQuarantined(
  disk: OperatorDisk,
  names: readonly string[],
  options: HandleOptions,
): AsyncGenerator<Handled<Returned>, void, void> {
  const planned = new Set<EpisodeId>();
  return handleEach(disk, names, options, (name, id) => {
    if (!options.dryRun) return returnToQueue(disk, "quarantine", name, disk.clock.now());
    // A sibling before it would have taken the name.
    const plan = planned.has(id) ? "taken" : planReturn(disk, "quarantine", name);
    planned.add(id);
    return plan;
  });
}
