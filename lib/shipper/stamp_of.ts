/** The stamp of an episode on the disk. */
import { META_LIMIT_BYTES, META_NAME, parseMeta, type Stamp } from "../episode/mod.ts";
import { findFile, type Fs, isFsError, OddFileError } from "../sys/mod.ts";

/** Undefined when meta.json has none, or can't be read: then the receiver says what is wrong with it. */
export function findStampOf(
  fs: Pick<Fs, "openRead">,
  episodePath: string,
): Stamp | undefined {
  try {
    const bytes = findFile(fs, `${episodePath}/${META_NAME}`, META_LIMIT_BYTES);
    const meta = bytes === undefined ? undefined : parseMeta(bytes);
    return meta?.kind === "stamped" ? meta.stamp : undefined;
  } catch (error) {
    // Too large, no regular file, or not readable; packing meets the same and says so.
    if (error instanceof OddFileError || isFsError(error)) return undefined;
    throw error;
  }
}
