/** The window of one receiver, from its options. */
import type { Log } from "../events/mod.ts";
import type { Clock, Random, RunProgram } from "../sys/mod.ts";
import { forgejoSource } from "./forgejo.ts";
import { gitSource } from "./git.ts";
import { createRequestText, type RequestText } from "./http.ts";
import { type KeeperOptions, WindowKeeper } from "./keeper.ts";
import { LastKnown, type LastKnownParts } from "./last_known.ts";

export interface WindowParts {
  readonly fs: LastKnownParts["fs"] & Parameters<typeof gitSource>[0]["fs"];
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly run: RunProgram;
  /** Makes the client for Forgejo's origin; the machine's own unless said. */
  readonly createRequest?: (origin: string) => RequestText;
}

export interface WindowOptions extends KeeperOptions {
  readonly forgejo: {
    /** Scheme, host and port, without a slash at the end. */
    readonly url: string;
    /** `owner/name`. */
    readonly repository: string;
    /** The token, read anew for each reading. Throws an Error whose message says why there is none. */
    readonly readToken: (() => string) | undefined;
  } | undefined;
  /** `ifPresent`: nobody asked for it, so its absence is no fault. */
  readonly localRepo: { readonly path: string; readonly ifPresent: boolean } | undefined;
  readonly windowCommits: number;
  /** Where the window known last is kept. */
  readonly path: string;
  readonly userAgent: string;
}

/** Loads the window known last; no source is asked before `refresh` or `run`. */
export function createWindow(parts: WindowParts, options: WindowOptions): WindowKeeper {
  const { clock, createRequest = createRequestText } = parts;
  const { forgejo, localRepo, branch, windowCommits: commits, path, userAgent } = options;
  const lastKnown = new LastKnown(parts, { path, branch });
  lastKnown.load();
  return new WindowKeeper({
    ...parts,
    lastKnown,
    forgejo: forgejo && forgejoSource(
      { request: createRequest(forgejo.url), monotonic: clock.monotonic },
      { ...forgejo, branch, commits, userAgent },
    ),
    repository: localRepo && gitSource(
      parts,
      { directory: localRepo.path, ifPresent: localRepo.ifPresent, branch, commits },
    ),
  }, options);
}
