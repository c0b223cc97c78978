/** What the doctor looks at on a receiver, each thing once. Nothing is changed. */
import type { ReceiverConfig } from "../config/mod.ts";
import { type FsError, isFsError, type PlainFs, type Space, type Stat } from "../sys/mod.ts";
import { type Directory, findSpace, lookAtDirectory } from "./disk.ts";

export interface ReceiverFacts {
  readonly config: ReceiverConfig;
  readonly store: Directory;
  readonly directories: readonly Directory[];
  readonly space: Space | undefined;
  readonly tokens: Stat | FsError;
  /** Why nobody can connect; undefined when somebody listens. */
  readonly notListening: string | undefined;
}

export interface ReceiverParts {
  readonly fs: PlainFs;
  readonly config: ReceiverConfig;
  /** Connects to where the receiver listens, and hangs up. Undefined, or why it failed. */
  readonly dial: (listen: ReceiverConfig["listen"]) => Promise<string | undefined>;
}

export async function gatherReceiverFacts(parts: ReceiverParts): Promise<ReceiverFacts> {
  const { fs, config } = parts;
  const { storeDir } = config;
  const directories = [`${storeDir}/episodes`, `${storeDir}/uploads`];
  return {
    config,
    store: lookAtDirectory(fs, storeDir),
    directories: directories.map((path) => lookAtDirectory(fs, path)),
    space: findSpace(fs, storeDir),
    tokens: lookAtFile(fs, config.tokensFile),
    notListening: await parts.dial(config.listen),
  };
}

function lookAtFile(fs: Pick<PlainFs, "lstat">, path: string): Stat | FsError {
  try {
    return fs.lstat(path);
  } catch (error) {
    if (isFsError(error)) return error;
    throw error;
  }
}
