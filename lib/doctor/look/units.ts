/** The state of systemd's units, by systemctl-show(1), which anybody may ask. */
import type { RunProgram } from "../../sys/mod.ts";
import type { Seen } from "../finding.ts";
import { ask } from "./program.ts";

/** The properties are org.freedesktop.systemd1(5)'s. */
export interface UnitState {
  /** With its suffix, for example `cis490-shipper.service`. */
  readonly name: string;
  /** `loaded`, `masked`, `not-found`, `bad-setting`, … */
  readonly loadState: string;
  /** `enabled`, `disabled`, `masked`, `static`, …; empty when there is no file. */
  readonly fileState: string;
  /** `active`, `activating`, `inactive`, `failed`, … */
  readonly activeState: string;
  readonly subState: string;
  /** Of the last run: `success`, `exit-code`, `watchdog`, … */
  readonly result: string;
  readonly exitStatus: number;
  /** Automatic ones, since somebody started it. */
  readonly restarts: number;
  /** Milliseconds since the epoch; undefined when it was never active. */
  readonly activeSinceMs: number | undefined;
  readonly user: string;
  readonly statusText: string;
}

const PROPERTIES = [
  "Id",
  "LoadState",
  "UnitFileState",
  "ActiveState",
  "SubState",
  "Result",
  "ExecMainStatus",
  "NRestarts",
  "ActiveEnterTimestamp",
  "User",
  "StatusText",
] as const;

/** By name. A pattern like `wg-quick@*` stands for all units that are loaded. */
export type Units = Seen<ReadonlyMap<string, UnitState>, string>;

export async function lookAtUnits(run: RunProgram, names: readonly string[]): Promise<Units> {
  const asked = await ask(run, "systemctl", [
    "show",
    "--timestamp=unix",
    `--property=${PROPERTIES.join(",")}`,
    "--",
    ...names,
  ]);
  if (asked.kind === "unseen") return { kind: "unseen", why: asked.why.message };
  const { code, stdout, stderr } = asked.value;
  if (code !== 0) {
    return { kind: "unseen", why: `systemctl: ${stderr.trim().split("\n")[0] ?? `exit ${code}`}` };
  }
  const units = stdout.split("\n\n").flatMap((block) => parseUnit(block) ?? []);
  return { kind: "seen", value: new Map(units.map((unit) => [unit.name, unit])) };
}

/** One block of `systemctl show`; undefined when it has no name. */
export function parseUnit(block: string): UnitState | undefined {
  const properties = new Map<string, string>();
  for (const line of block.split("\n")) {
    const at = line.indexOf("=");
    if (at > 0) properties.set(line.slice(0, at), line.slice(at + 1));
  }
  const of = (name: (typeof PROPERTIES)[number]) => properties.get(name) ?? "";
  const name = of("Id");
  if (name === "") return undefined;
  const since = /^@(\d+)$/.exec(of("ActiveEnterTimestamp"))?.[1];
  return {
    name,
    loadState: of("LoadState"),
    fileState: of("UnitFileState"),
    activeState: of("ActiveState"),
    subState: of("SubState"),
    result: of("Result"),
    exitStatus: Number(of("ExecMainStatus")) || 0,
    restarts: Number(of("NRestarts")) || 0,
    activeSinceMs: since === undefined ? undefined : Number(since) * 1000,
    user: of("User"),
    statusText: of("StatusText"),
  };
}
