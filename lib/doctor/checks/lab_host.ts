/** The checks of a lab host, in the order in which they are shown. */
import { ID_GRAMMAR_WORDS } from "../../episode/mod.ts";
import { UPDATE_LAB_HOST } from "../../wire/mod.ts";
import { judgeDirectories, judgeSpace } from "../disk.ts";
import type { Check, Finding } from "../finding.ts";
import type { LabHostFacts } from "../lab_host_facts.ts";
import { ageInWords } from "../words.ts";
import { CERTIFICATES, CLOCK, RECEIVER, TOKEN } from "./way.ts";

type Judged = Omit<Finding, "code">;

/** What waits longer than this is worth a look. */
const OLD_BACKLOG_MS = 3600 * 1000;

const DATA_DIR: Check<LabHostFacts> = {
  code: "data-dir",
  title: "data directory",
  dependsOn: [],
  run: ({ main, directories }) => judgeDirectories(main, directories),
};

const SPACE: Check<LabHostFacts> = {
  code: "free-space",
  title: "free space",
  dependsOn: ["data-dir"],
  run: ({ config, space }) =>
    judgeSpace(config.dataDir, space, config.queue.minFreeBytes, "nothing more is packed"),
};

const BACKLOG: Check<LabHostFacts> = {
  code: "backlog",
  title: "backlog",
  dependsOn: ["data-dir"],
  run: ({ backlog }) => {
    if (backlog.kind === "unseen") return missingOrUnseen(backlog.error, "no episodes yet");
    const { episodes, oldestAgeMs } = backlog.value;
    const evidence = { episodes, oldest_s: Math.round((oldestAgeMs ?? 0) / 1000) };
    if (episodes === 0 || oldestAgeMs === undefined) {
      return { severity: "green", cause: "no episode waits", evidence };
    }
    const cause = `${episodes === 1 ? "1 episode waits" : `${episodes} episodes wait`}, ` +
      `the oldest for ${ageInWords(oldestAgeMs)}`;
    if (oldestAgeMs < OLD_BACKLOG_MS) return { severity: "green", cause, evidence };
    return {
      severity: "yellow",
      cause,
      fix: "systemctl status cis490-shipper; journalctl -u cis490-shipper -n 50",
      evidence,
    };
  },
};

const STRANGERS: Check<LabHostFacts> = {
  code: "strangers",
  title: "strangers",
  dependsOn: ["data-dir"],
  run: ({ backlog }) => {
    if (backlog.kind === "unseen") return missingOrUnseen(backlog.error, "none");
    const { strange } = backlog.value;
    const [first] = strange;
    if (first === undefined) return { severity: "green", cause: "none", evidence: { count: 0 } };
    const others = strange.length === 1 ? "" : ` and ${strange.length - 1} more`;
    return {
      severity: "yellow",
      cause: `${first}${others}: not a directory, or not named like an episode, so never shipped`,
      fix: `mv -n '${first.replaceAll("'", `'\\''`)}' NEW-NAME   # ${ID_GRAMMAR_WORDS}`,
      evidence: { count: strange.length },
    };
  },
};

const HELD: Check<LabHostFacts> = {
  code: "held",
  title: "held",
  dependsOn: ["data-dir"],
  run: ({ backlog }) =>
    countOutcome(backlog, "held", {
      severity: "yellow",
      words: "held: the receiver does not accept their commit now",
      fix: UPDATE_LAB_HOST,
    }),
};

const STUCK: Check<LabHostFacts> = {
  code: "stuck",
  title: "stuck",
  dependsOn: ["data-dir"],
  run: ({ backlog, config }) =>
    countOutcome(backlog, "stuck", {
      severity: "red",
      words: "stuck: they can't be moved out of the queue",
      fix: `ls -ld ${config.dataDir} ${config.dataDir}/*; df -h ${config.dataDir}`,
    }),
};

const QUARANTINE: Check<LabHostFacts> = {
  code: "quarantine",
  title: "quarantine",
  dependsOn: ["data-dir"],
  run: ({ quarantined, config }) => {
    if (quarantined.kind === "unseen") {
      return missingOrUnseen(quarantined.error, "nothing is in quarantine");
    }
    const codes = [...quarantined.value].sort(([, a], [, b]) => b.count - a.count);
    const [first] = codes;
    if (first === undefined) {
      return { severity: "green", cause: "nothing is in quarantine", evidence: {} };
    }
    const total = codes.reduce((sum, [, { count }]) => sum + count, 0);
    return {
      severity: "yellow",
      cause: `${total === 1 ? "1 episode" : `${total} episodes`}: ` +
        codes.map(([code, { count }]) => `${count} ${code}`).join(", "),
      fix: first[1].remediation ?? `ls ${config.dataDir}/quarantine`,
      evidence: Object.fromEntries(codes.map(([code, { count }]) => [code, count])),
    };
  },
};

export const LAB_HOST_CHECKS: readonly Check<LabHostFacts>[] = [
  DATA_DIR,
  SPACE,
  CERTIFICATES,
  TOKEN,
  RECEIVER,
  CLOCK,
  STUCK,
  HELD,
  STRANGERS,
  BACKLOG,
  QUARANTINE,
];

function countOutcome(
  backlog: LabHostFacts["backlog"],
  outcome: string,
  bad: {
    readonly severity: "yellow" | "red";
    readonly words: string;
    readonly fix: string;
  },
): Judged {
  if (backlog.kind === "unseen") return missingOrUnseen(backlog.error, `none ${outcome}`);
  const count = backlog.value.outcomes.get(outcome) ?? 0;
  const evidence = { count };
  if (count === 0) return { severity: "green", cause: "none", evidence };
  const episodes = count === 1 ? "1 episode" : `${count} episodes`;
  return {
    severity: bad.severity,
    cause: `${episodes} ${bad.words}`,
    fix: bad.fix,
    evidence,
  };
}

/** A directory that no shipper has made yet holds nothing. */
function missingOrUnseen(
  error: { readonly code: string; readonly subject: string; readonly errno: string },
  nothing: string,
): Judged {
  if (error.code === "gone") return { severity: "green", cause: nothing, evidence: {} };
  return {
    severity: "unseen",
    cause: `${error.subject} may not be looked at by this user (${error.errno})`,
    fix: "sudo cis490 doctor",
    evidence: {},
  };
}
