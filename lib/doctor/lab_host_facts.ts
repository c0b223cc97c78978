/** Looks at a lab host, at everything side by side. Nothing is changed, and no lock is taken. */
import { type LabHostConfig, readSecret, SecretError } from "../config/mod.ts";
import type { EpisodeId } from "../episode/mod.ts";
import { layoutOf } from "../queue/mod.ts";
import { type FsError, isFsError, readSmallFile } from "../sys/mod.ts";
import { Certificates, type ProbeReport } from "../transport/mod.ts";
import type { Window } from "../wire/mod.ts";
import { gatherCommonFacts, type LookParts } from "./common_facts.ts";
import type { LabHostFacts } from "./facts.ts";
import { findGranted } from "./look/acl.ts";
import { findTimekeeping } from "./look/clock.ts";
import { lookAtQueue, type QueueParts } from "./look/queue.ts";
import { RIGHT } from "./look/rights.ts";
import { findLastShipped, lookAtQuarantine } from "./look/shelves.ts";
import { findShipperStatus } from "./look/status.ts";

export interface LabHostParts extends LookParts {
  readonly config: LabHostConfig;
  /** CREDENTIALS_DIRECTORY. */
  readonly credentialsDirectory: string | undefined;
  /** The way to the receiver, and the commits that it accepts where they could be had. Ends within a few seconds. */
  readonly probe: () => Promise<
    { readonly report: ProbeReport; readonly window: Window | undefined }
  >;
}

/** Units that matter to a lab host, besides its own. */
const UNITS = ["cis490-ship.timer", "wg-quick@*.service"];

export async function gatherLabHostFacts(parts: LabHostParts): Promise<LabHostFacts> {
  const { fs, config, run } = parts;
  const { dataDir } = config;
  const layout = layoutOf(dataDir);
  const [probed, timekeeping, common] = await Promise.all([
    parts.probe(),
    findTimekeeping(run),
    gatherCommonFacts(parts, {
      directory: dataDir,
      inside: [
        layout.episodes,
        layout.outbox,
        layout.shelf("shipped"),
        layout.shelf("quarantine"),
      ],
      reads: filesOf(config),
      minFreeBytes: config.queue.minFreeBytes,
      units: UNITS,
      // What the timer starts does the same work.
      speakers: ["cis490-ship"],
    }),
  ]);
  const { who, nowMs } = common;
  const { report: probe, window } = probed;
  return {
    ...common,
    config,
    receiverIsHere: probe.addresses.some(isLoopback),
    queue: await lookWithAcls(run, { fs, layout, who, nowMs }),
    quarantined: lookAtQuarantine(fs, layout),
    lastShippedMs: findLastShipped(fs, layout),
    status: findShipperStatus(),
    token: lookAtToken(config.receiver.tokenFile, parts.credentialsDirectory),
    certificates: lookAtCertificates(parts),
    timekeeping,
    probe,
    window,
  };
}

/** What bits forbid, an access control list may allow. */
async function lookWithAcls(
  run: LookParts["run"],
  parts: QueueParts,
): Promise<LabHostFacts["queue"]> {
  const queue = lookAtQueue(parts);
  if (queue.kind === "unseen" || queue.value.immovable.length === 0) return queue;
  const pathOf = (id: EpisodeId) => parts.layout.episode(id);
  const granted = await findGranted(
    run,
    parts.who,
    queue.value.immovable.map((id) => ({
      path: pathOf(id),
      rights: RIGHT.write + RIGHT.execute,
    })),
  );
  const immovable = queue.value.immovable.filter((id) => !granted.has(pathOf(id)));
  return { kind: "seen", value: { ...queue.value, immovable } };
}

/** A credential is no file of its own: systemd gives it to the unit's user. */
function filesOf({ receiver: { tokenFile, certificates } }: LabHostConfig): string[] {
  const { caBundle, clientCert, clientKey } = certificates ?? {};
  return [tokenFile, caBundle, clientCert, clientKey]
    .flatMap((path) => path?.startsWith("/") ? [path] : []);
}

function isLoopback(address: string): boolean {
  return address === "::1" || address.startsWith("127.");
}

function lookAtToken(source: string, credentials: string | undefined): LabHostFacts["token"] {
  try {
    readSecret(source, credentials);
    return "good";
  } catch (error) {
    if (error instanceof SecretError) return error;
    throw error;
  }
}

function lookAtCertificates({ clock, config }: LabHostParts): LabHostFacts["certificates"] {
  const paths = config.receiver.certificates;
  if (paths === undefined) return undefined;
  let denied: FsError | undefined;
  const readFile = (path: string, limitBytes: number) => {
    try {
      return readSmallFile(path, limitBytes);
    } catch (error) {
      if (isFsError(error, "denied")) denied = error;
      throw error;
    }
  };
  const preflight = new Certificates(clock, readFile, paths).check();
  // The shipper may be able to read what this user may not.
  return denied === undefined
    ? { kind: "seen", value: preflight }
    : { kind: "unseen", why: denied };
}
