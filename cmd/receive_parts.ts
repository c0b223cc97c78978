/** From the configuration to what a receiver is made of. */
import { readBuildInfo } from "../lib/build_info.ts";
import { readSecret, type ReceiverConfig } from "../lib/config/mod.ts";
import {
  type Changeable,
  FIXED_LIMITS,
  type PosixStoreParts,
  type ProxyTrust,
  Tokens,
} from "../lib/receiver/mod.ts";
import { runProgram, systemRandom } from "../lib/sys/mod.ts";
import { createWindow, type WindowOptions } from "../lib/window/mod.ts";
import type { Io } from "./print.ts";

export type Machine = PosixStoreParts;

/** What a changed configuration can change while requests are under way. Throws SecretError. */
export function changeableOf(config: ReceiverConfig, machine: Machine, io: Io): Changeable {
  const { version } = readBuildInfo();
  return {
    window: createWindow(
      { ...machine, random: systemRandom, run: runProgram },
      windowOptionsOf(config, version, io),
    ),
    identity: {
      proxy: proxyTrustOf(config, io),
      tokens: new Tokens(machine, config.tokensFile),
    },
    limits: { ...FIXED_LIMITS, ...config.limits },
  };
}

function proxyTrustOf(config: ReceiverConfig, io: Io): ProxyTrust {
  const { proxyIdentity, proxySecretFile, listen } = config;
  if (!proxyIdentity) return { kind: "token-alone" };
  if (proxySecretFile !== undefined) {
    const secret = readSecret(proxySecretFile, io.environment("CREDENTIALS_DIRECTORY")).reveal();
    return { kind: "secret", secret };
  }
  if (listen.transport === "unix") return { kind: "trusted" };
  throw new RangeError("proxy_identity on TCP without proxy_secret_file passed the configuration");
}

function windowOptionsOf(
  { window, storeDir }: ReceiverConfig,
  version: string,
  io: Io,
): WindowOptions {
  const { forgejo, ...rest } = window;
  const tokenFile = forgejo?.tokenFile;
  const credentials = io.environment("CREDENTIALS_DIRECTORY");
  return {
    ...rest,
    forgejo: forgejo && {
      ...forgejo,
      readToken: tokenFile === undefined
        ? undefined
        : () => readSecret(tokenFile, credentials).reveal(),
    },
    path: `${storeDir}/window.json`,
    userAgent: `cis490/${version}`,
  };
}
