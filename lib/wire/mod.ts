/**
 * The contract between the two ends, as data: paths, header fields, problems, receipts, the window, the pong.
 * Nothing here sends or listens.
 */
export * from "./headers.ts";
export * from "./paths.ts";
export * from "./ping.ts";
export * from "./problems.ts";
export * from "./receipt.ts";
export * from "./window.ts";
