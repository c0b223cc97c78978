/** The unit of a role: does it run, does it start at boot, did it fail lately. */
import type { CommonFacts } from "../facts.ts";
import type { Check, Finding } from "../finding.ts";
import { REINSTALL, REINSTALL_RECEIVER } from "../fixes.ts";
import type { UnitState } from "../look/units.ts";
import { ageInWords } from "../words.ts";

type Facts = Pick<CommonFacts, "unit" | "units" | "journal" | "nowMs" | "sinceMs">;

interface Codes {
  readonly down: string;
  readonly disabled: string;
  readonly restarts: string;
}

/** The three checks of a unit. `instead` is a unit that does its work another way. */
export function unitChecks(
  what: "shipper" | "receiver",
  instead?: string,
): readonly [Check<Facts>, Check<Facts>, Check<Facts>] {
  const codes: Codes = {
    down: `${what}-down`,
    disabled: `${what}-not-enabled`,
    restarts: `${what}-restarts`,
  };
  const install = what === "shipper" ? REINSTALL : REINSTALL_RECEIVER;
  return [
    {
      code: codes.down,
      title: "unit",
      dependsOn: ["configuration-bad"],
      judge: (facts) => judgeRunning(facts, instead, install),
      means: `The ${what}'s unit does not run, or fails again and again.`,
      comes:
        "It was stopped or masked by hand, never installed, or what it needs at its start is missing: the row quotes " +
        "what it complained of last.",
      mend:
        "The printed command starts it, or installs what is missing. A unit that fails at each start is tried again by " +
        "systemd, slower each time; once its cause is mended, `systemctl restart` starts it at once.",
    },
    {
      code: codes.disabled,
      title: "start at boot",
      dependsOn: [codes.down],
      judge: (facts) => judgeEnabled(facts, instead),
      means: `The ${what} runs, and would not after a reboot.`,
      comes: "The unit was started without being enabled, or disabled by hand.",
      mend: "The printed command enables it; nothing is restarted.",
    },
    {
      code: codes.restarts,
      title: "restarts",
      dependsOn: [codes.down],
      judge: judgeRestarts,
      means: `The ${what} runs, and failed lately: systemd started it again.`,
      comes:
        "A crash, a kill for want of memory, or a watchdog that was not fed, which is a stall: the word is systemd's.",
      mend:
        "Nothing is lost by a restart. The printed command shows what the journal says of it, and has systemd count anew. When it comes again, report it.",
    },
  ];
}

function judgeRunning(
  { unit, units, journal }: Facts,
  instead: string | undefined,
  install: string,
): Finding {
  if (units.kind === "unseen") {
    return {
      severity: "unseen",
      cause: `systemd can't be asked: ${units.why}`,
      fix: `systemctl status ${unit}`,
      evidence: { unit },
    };
  }
  const state = units.value.get(`${unit}.service`);
  const other = instead === undefined ? undefined : units.value.get(instead);
  if (other?.activeState === "active" && state?.activeState !== "active") {
    const cause = `${instead} does the work`;
    return { severity: "green", cause, evidence: { unit: other.name } };
  }
  if (state === undefined || state.loadState === "not-found") {
    const cause = `${unit}.service is not installed`;
    return { severity: "red", cause, fix: install, evidence: { unit } };
  }
  const evidence = evidenceOf(state);
  if (state.loadState === "masked" || state.fileState === "masked") {
    return {
      severity: "red",
      cause: `${unit} is masked: nothing can start it`,
      fix: `sudo systemctl unmask ${unit} && sudo systemctl enable --now ${unit}`,
      evidence,
    };
  }
  if (state.activeState === "active" || state.activeState === "reloading") {
    return { severity: "green", cause: `${unit} runs${saying(state)}`, evidence };
  }
  const lastError = journal.kind === "seen" ? journal.value.lastError : undefined;
  const isRetried = state.activeState === "activating" && state.restarts > 0;
  if (state.activeState === "failed" || isRetried) {
    const how = state.result === "exit-code" ? `exit code ${state.exitStatus}` : state.result;
    const said = lastError === undefined ? "" : `: ${lastError}`;
    return {
      severity: "red",
      cause: `${unit} fails (${how}, ${state.restarts} restarts)${said}`,
      fix: `sudo systemctl restart ${unit} || journalctl -u ${unit} -n 20 --no-pager`,
      evidence: { ...evidence, ...(lastError === undefined ? {} : { last_error: lastError }) },
    };
  }
  if (state.activeState === "activating") {
    return {
      severity: "yellow",
      cause: `${unit} is starting`,
      fix: `systemctl status ${unit}`,
      evidence,
    };
  }
  const verb = state.fileState === "enabled" ? "start" : "enable --now";
  return {
    severity: "red",
    cause: `${unit} is stopped`,
    fix: `sudo systemctl ${verb} ${unit}`,
    evidence,
  };
}

function judgeEnabled({ unit, units }: Facts, instead: string | undefined): Finding {
  const find = (name: string) => units.kind === "seen" ? units.value.get(name) : undefined;
  const state = find(`${unit}.service`);
  const fileState = state?.fileState ?? "";
  const evidence = { unit, file_state: fileState };
  if (instead !== undefined && find(instead)?.activeState === "active") {
    return { severity: "green", cause: `${instead} is active`, evidence };
  }
  if (fileState.startsWith("enabled") || fileState === "static") {
    return { severity: "green", cause: `${unit} is ${fileState}`, evidence };
  }
  return {
    severity: "yellow",
    cause: `${unit} runs, but is ${fileState || "not enabled"}: it would not start at boot`,
    fix: `sudo systemctl enable ${unit}`,
    evidence,
  };
}

/** One that lies longer back is history. */
const RECENT_MS = 3600_000;

function judgeRestarts({ unit, units, journal, nowMs, sinceMs }: Facts): Finding {
  const state = units.kind === "seen" ? units.value.get(`${unit}.service`) : undefined;
  const runs = journal.kind === "seen" ? [...journal.value.failedRuns] : [];
  const failed = runs.map(([how, count]) => `${count} by ${how}`);
  const ageMs = nowMs - (state?.activeSinceMs ?? -Infinity);
  const restarts = state?.restarts ?? 0;
  const evidence = { restarts, failed_runs: failed };
  // Somebody's own restart counts anew, and so does `systemctl reset-failed`.
  if (restarts === 0 || ageMs > RECENT_MS) {
    const cause = restarts === 0 ? "none" : `${restarts}, the last ${ageInWords(ageMs)} ago`;
    return { severity: "green", cause, evidence };
  }
  const how = failed.length === 0
    ? ""
    : `; in the last ${ageInWords(sinceMs)} it failed: ${failed.join(", ")}`;
  return {
    severity: "yellow",
    cause: `systemd restarted ${unit} ${restarts} times, the last ${ageInWords(ageMs)} ago${how}`,
    fix:
      `journalctl -u ${unit} -p warning -n 30 --no-pager; sudo systemctl reset-failed ${unit}   # counts anew`,
    evidence,
  };
}

function saying({ statusText }: UnitState): string {
  return statusText === "" ? "" : `: ${statusText}`;
}

function evidenceOf(state: UnitState) {
  return {
    unit: state.name,
    load_state: state.loadState,
    file_state: state.fileState,
    active_state: `${state.activeState} (${state.subState})`,
    result: state.result,
    restarts: state.restarts,
  };
}
