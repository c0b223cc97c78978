/**
 * The shipper: every episode of a lab host's queue to the receiver, exactly once. What the receiver said becomes an
 * outcome, the outcome becomes what is done with the episode, and one pass does so for all of them.
 */
export * from "./daemon.ts";
export * from "./outcomes.ts";
export * from "./pass.ts";
export { isDone, type PassSummary, type Result, type State } from "./result.ts";
export * from "./shop.ts";
