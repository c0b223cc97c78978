/** The first check: without a configuration, nothing else is known to look at. */
import { type ConfigError, formatFault } from "../../config/mod.ts";
import type { CommonFacts } from "../facts.ts";
import { AS_ROOT, type Check, type Finding, type Role } from "../finding.ts";
import { edit, letThrough } from "../fixes.ts";
import { userName } from "../look/account.ts";

export const CONFIGURATION: Check<Pick<CommonFacts, "file" | "barriers" | "who" | "unit">> = {
  code: "configuration-bad",
  title: "configuration",
  dependsOn: [],
  judge: ({ file, barriers, who, unit }) => {
    const barrier = barriers.get(file);
    const evidence = { file };
    if (barrier === undefined) return { severity: "green", cause: `${file} is good`, evidence };
    return {
      severity: "red",
      cause: `${file} is good, but ${userName(who)}, ${unit}'s user, may not read it`,
      fix: `${letThrough(barrier, who)} && sudo systemctl restart ${unit}`,
      evidence: { ...evidence, barrier: barrier.path },
    };
  },
  means:
    "The configuration file is missing, can't be read, or has faults; the unit does not start with it.",
  comes:
    "Somebody edited it, or the host was never enrolled. `cis490 help` names the file that is looked for.",
  mend: "The row quotes the first fault with its line, `--json` all of them. " +
    "[configuration.md](configuration.md) lists the keys. All other checks wait for it.",
};

const UNITS: Readonly<Record<Role, string>> = {
  "lab-host": "cis490-shipper",
  "receiver": "cis490-receiver",
};

/** What the check finds where there is nothing to go on with. */
export function judgeBadConfiguration(
  role: Role,
  { file, faults, unreadable }: ConfigError,
): Finding {
  const denied = unreadable === "denied";
  const lines = faults.map((fault) => formatFault(file, fault));
  const more = lines.length > 1 ? ` (and ${lines.length - 1} more)` : "";
  return {
    severity: denied ? "unseen" : "red",
    cause: `${lines[0] ?? file}${more}`,
    fix: denied ? AS_ROOT : edit(file, UNITS[role]),
    evidence: { file, faults: lines },
  };
}
