/**
 * The machine: file system, C library, time, randomness. Everything above takes these as parameters, so
 * that a test can put a model in their place.
 */
export * from "./background.ts";
export * from "./clock.ts";
export * from "./durable.ts";
export * from "./evidence.ts";
export * from "./fs.ts";
export * from "./fs_exact.ts";
export { plainFs, readSmallFile } from "./fs_plain.ts";
export { Libc } from "./libc.ts";
export * from "./lock.ts";
export * from "./libc_notify.ts";
export * from "./notify.ts";
export * from "./process.ts";
export * from "./owned_fs.ts";
export * from "./random.ts";
export * from "./watch.ts";
export * from "./watched_fs.ts";
