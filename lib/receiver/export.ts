/** A stored episode as a directory again, compared with its receipt on the way. */
import { createHash } from "node:crypto";
import { ArchiveError, createVerifier, Unpacker, type UnpackFs } from "../archive/mod.ts";
import { digestOfBytes } from "../episode/mod.ts";
import { type Fs, isFsError, removeTree } from "../sys/mod.ts";
import type { Receipt } from "../wire/mod.ts";
import { FIXED_LIMITS } from "./limits.ts";
import type { StoreView } from "./store.ts";
import { StoreError } from "./store_error.ts";
import { blocksOf } from "./verification.ts";

export type ExportFs =
  & UnpackFs
  & Pick<Fs, "lstat" | "list" | "chmod" | "unlink" | "rmdir" | "renameNoReplace">;

/** The umask takes away what others may not. */
const DIRECTORY_MODE = 0o755;

/**
 * Unpacks the episode of `receipt` into the new directory `directory`, by way of `<directory>.partial`, which is gone
 * afterwards, whatever happens. Not synced. Throws StoreError, FsError.
 *
 * @param progress is told of the bytes of the archive that were read
 */
export async function exportEpisode(
  { store, fs }: { readonly store: Pick<StoreView, "openArchive">; readonly fs: ExportFs },
  receipt: Receipt,
  directory: string,
  progress: (bytes: number) => void = () => {},
): Promise<void> {
  if (isThere(fs, directory)) throw taken(directory, "nothing is overwritten; give another DIR");
  const partial = `${directory}.partial`;
  await makeDirectory(fs, partial);
  try {
    await unpack({ store, fs }, receipt, partial, progress);
    await fs.renameNoReplace(partial, directory);
  } catch (error) {
    await removeTree(fs, partial);
    if (isFsError(error, "exists")) {
      throw taken(directory, "it was made meanwhile, and is not overwritten; give another DIR");
    }
    throw error;
  }
}

async function unpack(
  { store, fs }: Parameters<typeof exportEpisode>[0],
  receipt: Receipt,
  root: string,
  progress: (bytes: number) => void,
): Promise<void> {
  const unpacker = new Unpacker(fs, root);
  // The receipt's own sizes: a damaged archive can't fill the disk.
  const verifier = createVerifier({
    maxArchiveBytes: receipt.archive_bytes,
    maxUnpackedBytes: receipt.tar_bytes,
    maxEntries: receipt.entries,
    maxPathBytes: FIXED_LIMITS.maxPathBytes,
  }, unpacker);
  const hash = createHash("sha256");
  try {
    let bytes = 0;
    for (const block of blocksOf(store.openArchive(receipt.host, receipt.id))) {
      hash.update(block);
      await verifier.write(block);
      bytes += block.byteLength;
      progress(bytes);
    }
    const { episodeDigest } = await verifier.end();
    const archiveDigest = digestOfBytes(hash.digest());
    if (archiveDigest !== receipt.archive_digest || episodeDigest !== receipt.episode_digest) {
      throw damaged(receipt, "it does not have the digests of its receipt");
    }
    await unpacker.finish();
  } catch (error) {
    // With the bytes of its receipt it would have passed, as it did when it was stored.
    throw error instanceof ArchiveError ? damaged(receipt, error.message, error) : error;
  } finally {
    unpacker.abandon();
    verifier.abort();
  }
}

async function makeDirectory(fs: ExportFs, path: string): Promise<void> {
  try {
    await fs.mkdir(path, DIRECTORY_MODE);
  } catch (error) {
    if (isFsError(error, "exists")) {
      throw taken(
        path,
        `an export that was interrupted left it, unless one is running: rm -r ${path}`,
      );
    }
    if (isFsError(error, "gone")) {
      const hint = "make the directory that it is to be in first";
      throw new StoreError("no-directory", path, `${path} can't be made`, hint, { cause: error });
    }
    throw error;
  }
}

function isThere(fs: Pick<Fs, "lstat">, path: string): boolean {
  try {
    fs.lstat(path);
    return true;
  } catch (error) {
    if (isFsError(error, "gone")) return false;
    throw error;
  }
}

function taken(path: string, hint: string): StoreError {
  return new StoreError("taken", path, `${path} exists`, hint);
}

function damaged({ host, id }: Receipt, why: string, cause?: unknown): StoreError {
  return new StoreError(
    "damaged",
    `${host}/${id}`,
    `the stored archive of ${host}/${id} is damaged, and nothing of it was kept: ${why}`,
    "cis490 receive scrub reads all others",
    { cause },
  );
}
