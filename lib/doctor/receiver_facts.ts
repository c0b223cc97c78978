/** Looks at a receiver, at everything side by side. Nothing is changed. */
import type { ReceiverConfig } from "../config/mod.ts";
import type { Readiness } from "../receiver/mod.ts";
import { type FsError, isFsError, type PlainFs, type Stat } from "../sys/mod.ts";
import { parseWindow } from "../wire/mod.ts";
import { gatherCommonFacts, type LookParts } from "./common_facts.ts";
import type { Answered, ReceiverFacts } from "./facts.ts";

/** The receiver's own socket, asked as its proxy asks. */
export interface OwnSocket {
  /** `GET /readyz` */
  readonly ready: () => Promise<Answered<Readiness>>;
  /** `GET /v1/window`: the body. */
  readonly window: () => Promise<Answered<string>>;
}

export interface ReceiverParts extends LookParts {
  readonly config: ReceiverConfig;
  readonly socket: OwnSocket;
}

/** The proxy that install/Caddyfile is for, and a Forgejo that may run here. */
const UNITS = ["caddy.service", "forgejo.service"];

export async function gatherReceiverFacts(parts: ReceiverParts): Promise<ReceiverFacts> {
  const { fs, config, socket } = parts;
  const { storeDir } = config;
  const [ready, window, common] = await Promise.all([
    socket.ready(),
    socket.window(),
    gatherCommonFacts(parts, {
      directory: storeDir,
      inside: [`${storeDir}/episodes`, `${storeDir}/uploads`],
      reads: [config.tokensFile, config.proxySecretFile, config.window.forgejo?.tokenFile]
        .flatMap((path) => path?.startsWith("/") ? [path] : []),
      minFreeBytes: config.limits.minFreeBytes,
      units: UNITS,
    }),
  ]);
  const caddy = common.units.kind === "seen" ? common.units.value.get("caddy.service") : undefined;
  return {
    ...common,
    config,
    tokens: lookAtFile(fs, config.tokensFile),
    ready,
    window: window.kind === "answer" ? parseWindow(window.value) : undefined,
    proxy: caddy?.loadState === "loaded" ? parts.findAccount(caddy.user) : undefined,
  };
}

function lookAtFile(fs: Pick<PlainFs, "lstat">, path: string): Stat | FsError {
  try {
    return fs.lstat(path);
  } catch (error) {
    if (isFsError(error)) return error;
    throw error;
  }
}
