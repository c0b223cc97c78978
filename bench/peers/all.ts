import { cis490 } from "./cis490.ts";
import { limit } from "./limit.ts";
import type { Peer } from "./peer.ts";
import { python } from "./python.ts";
import { rclone } from "./rclone.ts";
import { shell } from "./shell.ts";

/** In the order of the table. */
export const PEERS: readonly Peer[] = [cis490, python, shell, rclone, limit];
