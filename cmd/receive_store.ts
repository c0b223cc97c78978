/** What the commands share that look at the receiver's store, also while it serves. */
import { loadReceiverConfig } from "../lib/config/mod.ts";
import { findHostId, type HostId, ID_GRAMMAR_WORDS } from "../lib/episode/mod.ts";
import { openPosixView, type PosixView } from "../lib/receiver/mod.ts";
import { isFsError, plainFs } from "../lib/sys/mod.ts";
import type { Io } from "./print.ts";
import { receiverConfigFile } from "./receive.ts";
import { UsageError } from "./usage_error.ts";

export interface StoreArgs {
  readonly config: string | undefined;
}

export interface OpenStore {
  readonly storeDir: string;
  readonly view: PosixView;
}

/** The store that the configuration names. Throws ConfigError; UsageError when there is none; FsError. */
export async function openStore(
  args: StoreArgs,
  io: Pick<Io, "environment">,
  path: readonly string[],
): Promise<OpenStore> {
  const { storeDir } = await loadReceiverConfig(receiverConfigFile(args.config, io));
  try {
    return { storeDir, view: openPosixView(plainFs(), storeDir) };
  } catch (error) {
    if (!isFsError(error, "gone", "not-a-directory")) throw error;
    throw new UsageError(`${storeDir} has no episodes/: no receiver has used it yet`, path);
  }
}

/** A host that was typed. Throws UsageError. */
export function parseHost(text: string, path: readonly string[]): HostId {
  const host = findHostId(text);
  if (host === undefined) throw new UsageError(`${text} is no host: ${ID_GRAMMAR_WORDS}`, path);
  return host;
}
