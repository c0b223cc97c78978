/** What the window means for one commit. */
import type { Stamp } from "../episode/mod.ts";
import type { Window } from "../wire/mod.ts";

/** A window with what a lookup needs. */
export interface KnownWindow {
  readonly window: Window;
  /** The commits of `window`, for a lookup that costs the same in a long window. */
  readonly commits: ReadonlySet<Stamp>;
}

export type Judgement =
  | { readonly kind: "accepted" }
  | { readonly kind: "out-of-window"; readonly window: Window }
  /** Not in the window, but a source that may know the commit does not answer yet. */
  | { readonly kind: "unknown-yet" }
  /** There is no window at all. */
  | { readonly kind: "no-window" };

/** The window with the pinned commits behind its own: who asks for it must find there all that is accepted. */
export function knownWindow(window: Window, pinned: ReadonlySet<Stamp>): KnownWindow {
  const commits = new Set([...window.commits, ...pinned]);
  return { window: { ...window, commits: [...commits] }, commits };
}

/**
 * Decides about `stamp`.
 *
 * @param mayBeBehind a better source is configured and silent, so that the window may lack a commit pushed lately
 */
export function judge(
  known: KnownWindow | undefined,
  stamp: Stamp,
  mayBeBehind: boolean,
): Judgement {
  if (known === undefined) return { kind: "no-window" };
  if (known.commits.has(stamp)) return { kind: "accepted" };
  return mayBeBehind ? { kind: "unknown-yet" } : { kind: "out-of-window", window: known.window };
}
