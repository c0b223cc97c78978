/**
 * The two configuration files: which keys there are, what is wrong with a file (all of it at once), and their
 * values in the program's own names and units. Only cmd and doctor see a whole configuration; the other rooms
 * take options of their own. Secrets are not in it: they are read when they are used.
 */
export { ConfigError, type ConfigFault, formatFault } from "./faults.ts";
export * from "./load.ts";
export { describeKeys, type KeyRow } from "./describe.ts";
export type { CertificatePaths, LabHostConfig } from "./lab_host.ts";
export { findListen, type Listen, type ReceiverConfig } from "./receiver.ts";
export * from "./secret.ts";
