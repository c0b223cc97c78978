/** From quarantine away for good, because an operator says that nobody will miss it. */
import { readTree } from "../episode/mod.ts";
import { removeTree } from "../sys/mod.ts";
import { type Handled, handleEach, type HandleOptions } from "./by_hand.ts";
import type { OperatorDisk } from "./operator.ts";
import { removeShelved } from "./retention.ts";

/** What is lost with an episode. */
export interface Discarded {
  /** Files, directories and links in it. */
  readonly entries: number;
  /** Of all its files. */
  readonly sizeBytes: number;
}

/** Removes these names of `quarantine/` with all that they hold. Throws FsError when the directories can't be made. */
export function discardQuarantined(
  disk: OperatorDisk,
  names: readonly string[],
  options: HandleOptions,
): AsyncGenerator<Handled<Discarded>, void, void> {
  const { fs, layout } = disk;
  return handleEach(disk, names, options, async (name) => {
    const tree = readTree(fs, layout.place("quarantine", name).episode);
    if (!options.dryRun) {
      // The rest of an earlier one of that name, whose removal was cut short, has the name that this one is to get.
      await removeTree(fs, layout.removed("quarantine", name));
      await removeShelved(disk, { shelf: "quarantine", name });
    }
    return { entries: tree.entries.length + tree.unfit.length, sizeBytes: tree.sizeBytes };
  });
}
