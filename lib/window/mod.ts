/**
 * The version gate: which commits of the lab code are accepted now, where that is known from, and what it means for
 * one commit. Sources of commits (forgejo.ts, git.ts) stand beside each other, last_known.ts remembers what they said;
 * {@link WindowKeeper} reads them and decides. docs/version-gate.md says it for operators.
 */
export { type RequestText, type TextAnswer, type TextRequest } from "./http.ts";
export type { Judgement } from "./judge.ts";
export { WindowKeeper, type WindowStatus } from "./keeper.ts";
export { createWindow, type WindowOptions, type WindowParts } from "./window.ts";
