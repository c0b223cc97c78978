/** The first check: without a configuration, nothing else is known to look at. */
import { type ConfigError, formatFault } from "../../config/mod.ts";
import type { Row } from "../finding.ts";

const NAME = { code: "configuration", title: "configuration" } as const;

export function configurationIsGood(file: string): Row {
  return { ...NAME, severity: "green", cause: `${file} is good`, evidence: { file } };
}

export function configurationIsBad({ file, faults, unreadable }: ConfigError): Row {
  const denied = unreadable === "denied";
  const lines = faults.map((fault) => formatFault(file, fault));
  const more = lines.length > 1 ? ` (and ${lines.length - 1} more)` : "";
  return {
    ...NAME,
    severity: denied ? "unseen" : "red",
    cause: `${lines[0] ?? file}${more}`,
    fix: denied ? "sudo cis490 doctor" : `sudoedit ${file}`,
    evidence: { file, faults: lines },
  };
}
