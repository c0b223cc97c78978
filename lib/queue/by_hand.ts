/** What an operator's command does to episodes on the quarantine shelf, beside a shipper that may be at work. */
import type { EpisodeId } from "../episode/mod.ts";
import { type FsError, isFsError } from "../sys/mod.ts";
import { findShelfId } from "./layout.ts";
import { type OperatorDisk, prepareDirectories } from "./operator.ts";
import { tryLockEpisode } from "./queue.ts";

/** What became of one that was named; `Done` where something could be done. */
export type Handled<Done> =
  | { readonly kind: "done"; readonly name: string; readonly done: Done }
  /** There is no episode of that name in quarantine. */
  | { readonly kind: "gone"; readonly name: string }
  /** Another process has its hand on it. */
  | { readonly kind: "busy"; readonly name: string }
  /** What was to be done could not be, or not to its end. */
  | { readonly kind: "failed"; readonly name: string; readonly error: FsError };

export interface HandleOptions {
  /** The same looks, but nothing is changed; no lock is taken either, since a lock is a file. */
  readonly dryRun: boolean;
}

/** The work on one of them. Throws FsError, `gone` when there is no such episode. */
export type Work<Done> = (name: string, id: EpisodeId) => Done | Promise<Done>;

/**
 * Works on each of these names of `quarantine/`, one after the other, under its episode's lock. Throws FsError when the
 * directories can't be made; nothing was changed then.
 */
export async function* handleEach<Done>(
  disk: OperatorDisk,
  names: readonly string[],
  options: HandleOptions,
  work: Work<Done>,
): AsyncGenerator<Handled<Done>, void, void> {
  if (!options.dryRun && names.length > 0) await prepareDirectories(disk);
  for (const name of names) {
    try {
      yield await handleOne(disk, name, options, work);
    } catch (error) {
      if (!isFsError(error)) throw error;
      yield isFsError(error, "gone") ? { kind: "gone", name } : { kind: "failed", name, error };
    }
  }
}

async function handleOne<Done>(
  disk: OperatorDisk,
  name: string,
  { dryRun }: HandleOptions,
  work: Work<Done>,
): Promise<Handled<Done>> {
  const id = findShelfId(name);
  if (id === undefined) return { kind: "gone", name };
  const place = disk.layout.place("quarantine", name);
  if (disk.fs.findStat(place.directory)?.type !== "directory") return { kind: "gone", name };
  const lock = dryRun ? undefined : tryLockEpisode(disk, id);
  if (lock === undefined && !dryRun) return { kind: "busy", name };
  try {
    return { kind: "done", name, done: await work(name, id) };
  } finally {
    lock?.release();
  }
}
