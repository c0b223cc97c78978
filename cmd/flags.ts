/** Flags, files and variables that several commands have. */
import type { Flag } from "./command.ts";

export const CONFIG = {
  kind: "text",
  value: "FILE",
  about: "The configuration file",
} as const satisfies Flag;
export const JSON_FLAG = {
  kind: "switch",
  about: "Prints JSON alone on stdout",
} as const satisfies Flag;
export const DATA_DIR = {
  kind: "text",
  value: "DIR",
  about: "The data directory, instead of the configuration's",
} as const satisfies Flag;

export const LAB_HOST_FILES = {
  "/etc/cis490/lab-host.toml": "the configuration (docs/configuration.md)",
};
export const RECEIVER_FILES = {
  "/etc/cis490/receiver.toml": "the configuration (docs/configuration.md)",
};
export const STORE_FILES = {
  ...RECEIVER_FILES,
  "STORE_DIR/episodes/HOST/": "archives and their receipts (docs/receiver.md)",
};
export const CONFIG_VARIABLE = {
  CIS490_CONFIG: "the configuration file, unless --config is given",
};
