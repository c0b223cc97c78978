/** Which queue an operator's command works on, and as whom. */
import { chooseConfigFile, loadLabHostConfig } from "../lib/config/mod.ts";
import { type Layout, layoutOf } from "../lib/queue/mod.ts";
import {
  type FileType,
  type Fs,
  isFsError,
  ownedFs,
  type Owner,
  type PlainFs,
} from "../lib/sys/mod.ts";
import type { Io } from "./print.ts";
import { UsageError } from "./usage_error.ts";

/** As the configuration's default, for a data directory that is named without one. */
const SETTLE_MS = 10_000;

/** `--data-dir`, else the configuration's. Throws ConfigError. */
export async function chooseDataDir(
  args: { readonly config: string | undefined; readonly dataDir: string | undefined },
  io: Io,
): Promise<{ readonly dataDir: string; readonly settleMs: number }> {
  if (args.dataDir !== undefined) return { dataDir: args.dataDir, settleMs: SETTLE_MS };
  const file = chooseConfigFile("lab-host", {
    flag: args.config,
    environment: io.environment("CIS490_CONFIG"),
  });
  const { dataDir, queue } = await loadLabHostConfig(file);
  return { dataDir, settleMs: queue.settleMs };
}

/** The layout of a data directory that has episodes. Throws UsageError when it has none; FsError. */
export function layoutOfQueue(
  fs: Pick<PlainFs, "lstat">,
  dataDir: string,
  path: readonly string[],
): Layout {
  const layout = layoutOf(dataDir);
  const type = findType(fs, layout.episodes);
  if (type === "directory") return layout;
  if (type !== undefined) {
    throw new UsageError(`${layout.episodes} is a ${type}, not a directory`, path);
  }
  const what = findType(fs, `${dataDir}/.`) === undefined
    ? `there is no directory ${dataDir}`
    : `${dataDir} has no episodes/, so it is no data directory`;
  throw new UsageError(what, path);
}

/** Undefined where there is nothing of that name. Throws FsError. */
function findType(fs: Pick<PlainFs, "lstat">, path: string): FileType | undefined {
  try {
    return fs.lstat(path).type;
  } catch (error) {
    if (isFsError(error, "gone", "not-a-directory")) return undefined;
    throw error;
  }
}

/** Whom new files in `dataDir` are to belong to, where root acts for a service; else undefined. Throws FsError. */
export function findOwner(fs: Pick<PlainFs, "lstat">, dataDir: string): Owner | undefined {
  // The directory itself, also where a link leads to it.
  const { uid, gid } = fs.lstat(`${dataDir}/.`);
  return Deno.uid() === 0 && uid !== 0 ? { uid, gid } : undefined;
}

/** For root, a file system whose new files belong to the owner of `dataDir`; else `fs`. Throws FsError. */
export function asOwnerOf(fs: Fs, dataDir: string): Fs {
  const owner = findOwner(fs, dataDir);
  return owner === undefined ? fs : ownedFs(fs, owner);
}
