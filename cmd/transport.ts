/** From the configuration to the options of a transport: for every command that talks to the receiver. */
import { readBuildInfo } from "../lib/build_info.ts";
import { type LabHostConfig, readSecret } from "../lib/config/mod.ts";
import { readSmallFile, systemClock } from "../lib/sys/mod.ts";
import type { TransportOptions, WireParts } from "../lib/transport/mod.ts";
import type { Io } from "./print.ts";

export function transportOptionsOf(
  config: LabHostConfig,
  io: Pick<Io, "environment">,
): TransportOptions {
  const { url, tokenFile, certificates } = config.receiver;
  const credentials = io.environment("CREDENTIALS_DIRECTORY");
  return {
    url,
    host: config.hostId,
    version: readBuildInfo().version,
    readToken: () => readSecret(tokenFile, credentials).reveal(),
    certificates,
    rateLimitBytesPerSecond: config.transport.rateLimitBytesPerSecond,
  };
}

/** The machine's own. An upload needs a file system besides, of which there are two. */
export const realWireParts: WireParts = {
  clock: systemClock,
  readFile: readSmallFile,
};
