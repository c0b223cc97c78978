/** Where the newest commits of a branch are read. */
import type { Stamp } from "../episode/mod.ts";
import type { WindowSource } from "../wire/mod.ts";

/** One place that knows the branch. */
export interface CommitSource {
  readonly name: Exclude<WindowSource, "last-known">;
  /**
   * The newest commits, newest first, never none. Throws {@link WindowError} when they can't be read; within its own
   * time-out, and soon after `signal` is aborted.
   */
  read(signal?: AbortSignal): Promise<readonly Stamp[]>;
}

/**
 * `unreachable`: no answer, or one that a restart explains. `refused`: the token is missing or not good enough.
 * `absent`: no such repository or branch. `empty`: an answer without a commit. `malformed`: an answer of something else.
 * `unasked`: a repository that nobody named and that is not there, which is no fault.
 */
export type WindowErrorCode =
  | "unreachable"
  | "refused"
  | "absent"
  | "empty"
  | "malformed"
  | "unasked";

/** A source that did not give the commits; the message says why, and what to do. */
export class WindowError extends Error {
  override readonly name = "WindowError";

  constructor(
    readonly code: WindowErrorCode,
    /** What was asked. */
    readonly subject: string,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}
