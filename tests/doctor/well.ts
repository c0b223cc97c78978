/** Facts of machines that are well, for tests that spoil one thing. */
import { parseLabHostConfig, parseReceiverConfig } from "../../lib/config/mod.ts";
import {
  examine,
  type LabHostFacts,
  type Patient,
  type ReceiverFacts,
  type Row,
} from "../../lib/doctor/mod.ts";
import { findStamp, type Stamp } from "../../lib/episode/mod.ts";
import type { Stat } from "../../lib/sys/mod.ts";
import type { LayerReport } from "../../lib/transport/mod.ts";

export const NOW_MS = Date.parse("2026-03-01T12:00:00Z");
export const DAY_MS = 24 * 3600_000;

export function stampOf(digit: string): Stamp {
  const stamp = findStamp(digit.repeat(40));
  if (stamp === undefined) throw new RangeError(digit);
  return stamp;
}

const ACCOUNT = { name: "cis490", uid: 990, gids: [990], groups: ["cis490"] };

export function statOf(type: Stat["type"], mode = 0o750, uid = 990): Stat {
  return {
    type,
    mode,
    sizeBytes: 0,
    device: 1n,
    inode: 1n,
    uid,
    gid: uid,
    mtimeNs: 0n,
    ctimeNs: 0n,
  };
}

export function layersUpTo(failed?: LayerReport["layer"], words = "why"): LayerReport[] {
  let state: LayerReport["state"] = "ok";
  return (["name", "tcp", "tls", "certificate", "token", "receiver"] as const).map((layer) => {
    if (layer === failed) state = "failed";
    else if (state === "failed") state = "not-tried";
    return { layer, state, ms: 1, words: state === "failed" ? words : "good", fix: undefined };
  });
}

function unitOf(name: string) {
  return {
    name,
    loadState: "loaded",
    fileState: "enabled",
    activeState: "active",
    subState: "running",
    result: "success",
    exitStatus: 0,
    restarts: 0,
    activeSinceMs: NOW_MS - DAY_MS,
    user: "cis490",
    statusText: "nothing waits",
  };
}

export type UnitState = ReturnType<typeof unitOf>;

export function unitsOf(...units: readonly Partial<UnitState>[]): LabHostFacts["units"] {
  const all = units.map((unit) => ({ ...unitOf("cis490-shipper.service"), ...unit }));
  return { kind: "seen", value: new Map(all.map((unit) => [unit.name, unit])) };
}

export const QUIET = {
  events: 0,
  held: undefined,
  refused: [],
  failing: [],
  away: undefined,
  bugs: [],
  shipped: 0,
  failedRuns: new Map<string, number>(),
  lastError: undefined,
  isCut: false,
} satisfies Extract<LabHostFacts["journal"], { kind: "seen" }>["value"];

const SPACE = { freeBytes: 500 * 2 ** 30, totalBytes: 1000 * 2 ** 30 };

function commonOf(directory: string, unit: string, file: string) {
  return {
    file,
    nowMs: NOW_MS,
    unit,
    units: unitsOf({ name: `${unit}.service` }),
    main: { kind: "there", path: directory, stat: statOf("directory") },
    directories: [],
    granted: new Set(),
    who: ACCOUNT,
    barriers: new Map(),
    space: SPACE,
    minFreeBytes: 2 ** 30,
    reclaimable: [],
    mount: { target: "/", isReadOnly: false },
    journal: { kind: "seen", value: QUIET },
    sinceMs: 600_000,
    repository: { kind: "seen", commit: stampOf("a"), newer: 0, pulledMs: undefined },
    build: { version: "1.0.0", commit: stampOf("a") },
  } as const satisfies Partial<LabHostFacts>;
}

export async function wellLabHost(more = ""): Promise<LabHostFacts> {
  const parsed = await parseLabHostConfig(
    `host_id = "lab-1"\n[receiver]\nurl = "https://pi:8443"\n${more}`,
  );
  if (parsed.kind !== "config") throw new Error(JSON.stringify(parsed.faults));
  return {
    ...commonOf("/var/lib/cis490", "cis490-shipper", "/etc/cis490/lab-host.toml"),
    config: parsed.config,
    receiverIsHere: false,
    queue: {
      kind: "seen",
      value: {
        episodes: 0,
        oldest: undefined,
        bytes: 0,
        isCut: false,
        held: [],
        stuck: [],
        immovable: [],
        strangers: [],
        orphans: [],
      },
    },
    quarantined: { kind: "seen", value: [] },
    lastShippedMs: NOW_MS - 60_000,
    status: undefined,
    token: "good",
    certificates: {
      kind: "seen",
      value: {
        kind: "ready",
        set: { caBundle: "", pair: { cert: "", key: "" } },
        expiresAtMs: NOW_MS + 200 * DAY_MS,
        complaint: undefined,
      },
    },
    timekeeping: { isOn: true, isSynchronized: true },
    probe: {
      ok: true,
      layers: layersUpTo(),
      addresses: ["10.77.0.2"],
      pong: undefined,
      clockDifferenceMs: 20,
    },
    window: {
      branch: "main",
      source: "forgejo",
      read_at: new Date(NOW_MS).toISOString(),
      commits: [stampOf("a"), stampOf("b")],
    },
  };
}

export async function wellReceiver(more = ""): Promise<ReceiverFacts> {
  const parsed = await parseReceiverConfig(
    more === "" ? `[window]\nlocal_repo_path = "/opt/cis490"\n` : more,
  );
  if (parsed.kind !== "config") throw new Error(JSON.stringify(parsed.faults));
  return {
    ...commonOf("/var/lib/cis490/store", "cis490-receiver", "/etc/cis490/receiver.toml"),
    config: parsed.config,
    tokens: statOf("file", 0o640),
    ready: { kind: "answer", value: { ready: true, reasons: [] } },
    window: {
      branch: "main",
      source: "git-fallback",
      read_at: new Date(NOW_MS).toISOString(),
      commits: [stampOf("a"), stampOf("b")],
    },
    proxy: undefined,
  };
}

/** The rows of a lab host that is well but for `spoilt`. */
export async function labHostRows(spoilt: Partial<LabHostFacts>, more = ""): Promise<Row[]> {
  return rowsOf({ labHost: { kind: "facts", facts: { ...await wellLabHost(more), ...spoilt } } });
}

export async function receiverRows(spoilt: Partial<ReceiverFacts>, more = ""): Promise<Row[]> {
  return rowsOf({ receiver: { kind: "facts", facts: { ...await wellReceiver(more), ...spoilt } } });
}

export function rowsOf(patient: Patient): Row[] {
  return examine(patient);
}
