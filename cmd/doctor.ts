/** `cis490 doctor`: what is wrong, and the command that mends it. */
import { readBuildInfo } from "../lib/build_info.ts";
import type { ConfigRole } from "../lib/config/mod.ts";
import { examine, exitCodeOf, reportOf, type Row } from "../lib/doctor/mod.ts";
import { systemClock } from "../lib/sys/mod.ts";
import { lookAtPatient } from "./doctor_looks.ts";
import { renderRows } from "./doctor_rows.ts";
import type { Io } from "./print.ts";
import { UsageError } from "./usage_error.ts";

export interface DoctorArgs {
  readonly role: ConfigRole | undefined;
  readonly config: string | undefined;
  /** Milliseconds. */
  readonly since: number | undefined;
  readonly unit: string | undefined;
  readonly watch: boolean;
  readonly json: boolean;
}

const WATCH_EVERY_MS = 5000;

/** systemd.unit(5): what a unit's name may be made of. */
const UNIT_NAME = /^[A-Za-z0-9:_.\\@-]{1,255}$/;

/** Exit codes: `exitCodeOf`. Throws UsageError, and nothing that it finds. With `watch` it ends by a signal alone. */
export async function run(args: DoctorArgs, io: Io): Promise<number> {
  if (args.unit !== undefined && !UNIT_NAME.test(args.unit)) {
    throw new UsageError(`${args.unit} is no name of a unit`, ["doctor"]);
  }
  if (args.watch) return await watch(args, io);
  const rows = examine(await lookAtPatient(args, io));
  if (args.json) {
    io.json(reportOf(rows, { nowMs: systemClock.now(), version: readBuildInfo().version }));
  } else {
    for (const line of renderRows(rows, io)) io.stdout(line);
  }
  return exitCodeOf(rows);
}

/** On a terminal the rows stay current; elsewhere they are written again when another thing is wrong. */
async function watch(args: DoctorArgs, io: Io): Promise<never> {
  let before: string | undefined;
  const endless = new AbortController().signal;
  for (;;) {
    const rows = examine(await lookAtPatient(args, io));
    const now = essenceOf(rows);
    if (io.clear() || now !== before) {
      io.stdout(`${new Date(systemClock.now()).toISOString()}  exit code ${exitCodeOf(rows)}`);
      for (const line of renderRows(rows, io)) io.stdout(line);
    }
    before = now;
    await systemClock.sleep(WATCH_EVERY_MS, endless);
  }
}

/** Without causes, which count seconds. */
function essenceOf(rows: readonly Row[]): string {
  return rows.map(({ role, code, severity }) => `${role} ${code} ${severity}`).join("\n");
}
