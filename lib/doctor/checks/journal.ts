/** What the shipper said in its journal, besides the 412 of window.ts. */
import type { LabHostFacts } from "../facts.ts";
import { AS_ROOT, type Check, type Finding } from "../finding.ts";
import { SHIP_NOW, UPDATE_LAB_HOST } from "../fixes.ts";
import type { Said, Tally } from "../tally.ts";
import { ageInWords, episodes, someOf } from "../words.ts";

type Facts = Pick<LabHostFacts, "journal" | "sinceMs" | "unit" | "status" | "repository">;

export const JOURNAL: Check<Facts> = {
  code: "journal-unreadable",
  title: "journal",
  dependsOn: ["configuration-bad"],
  judge: ({ journal, sinceMs, unit }) => {
    const last = `the last ${ageInWords(sinceMs)}`;
    if (journal.kind === "seen") {
      const { events, shipped, isCut } = journal.value;
      const evidence = { unit, events, shipped, since_s: Math.round(sinceMs / 1000) };
      const newest = isCut ? ", the newest only" : "";
      const cause = events === 0
        ? `${unit} said nothing in ${last}`
        : `${events} events in ${last}${newest}; ${episodes(shipped)} shipped`;
      return { severity: "green", cause, evidence };
    }
    const { code, words } = journal.why;
    const evidence = { unit, fault: code };
    switch (code) {
      case "denied":
        return {
          severity: "unseen",
          cause: words,
          fix:
            'sudo usermod -aG systemd-journal "$USER"   # then log in again; or: sudo cis490 doctor',
          evidence,
        };
      case "missing":
        return {
          severity: "unseen",
          cause: "journalctl is not installed: what the shipper said can't be read",
          fix: "sudo apt-get install systemd",
          evidence,
        };
      case "failed":
        return { severity: "unseen", cause: words, fix: AS_ROOT, evidence };
    }
    code satisfies never;
  },
  means:
    "The shipper's journal can't be read, so what went wrong in the last minutes is not known.",
  comes:
    "The user who asks is neither root nor in group systemd-journal, or there is no journald on this machine.",
  mend:
    "The printed command adds the user to the group, which counts from the next login on; or ask as root.",
};

/** A check of what the journal tells; green, and silent, where it can't be read. */
function journalCheck(
  check: Omit<Check<Facts>, "judge" | "dependsOn"> & { readonly dependsOn?: readonly string[] },
  judge: (tally: Tally, facts: Facts) => Finding,
): Check<Facts> {
  return {
    ...check,
    dependsOn: ["journal-unreadable", ...check.dependsOn ?? []],
    judge: (facts) => facts.journal.kind === "seen" ? judge(facts.journal.value, facts) : NONE,
  };
}

const NONE: Finding = { severity: "green", cause: "none", evidence: { count: 0 } };

export const REFUSED = journalCheck({
  code: "episodes-refused",
  title: "rejected (400)",
  means: "Episodes were refused for good in the last ten minutes and are in quarantine now.",
  comes:
    "The lab code that recorded them does not stamp its commit (`unstamped`), their id is in use already " +
    "(`different-episode`), or they hold what no archive may. The code is the receiver's problem: " +
    "[cli.md](cli.md) and `cis490 quarantine list` tell each one's reason.",
  mend:
    "The printed command mends the most frequent cause, so that what is recorded next is accepted. What is in quarantine " +
    "stays there for `quarantine_keep_days`.",
}, ({ refused: all }, { repository }) => {
  const pulledMs = repository.kind === "seen" ? repository.pulledMs ?? 0 : 0;
  // An update mends what is recorded from then on; what was refused before it is history.
  const refused = all.filter(({ remediation, atMs }) =>
    remediation !== UPDATE_LAB_HOST || atMs >= pulledMs
  );
  const [first] = refused;
  if (first === undefined) {
    if (all.length === 0) return NONE;
    const cause = "none since the last update of the lab code";
    return { severity: "green", cause, evidence: evidenceOf(all) };
  }
  const others = refused.slice(1).map(inShort);
  const also = others.length === 0 ? "" : `; also ${others.join(", ")}`;
  return {
    severity: "yellow",
    cause: `${first.count} ship(s) rejected as ${first.code}${
      statusOf(first)
    }: ${first.detail}${also}`,
    fix: first.remediation ?? `sudo cis490 quarantine list --code ${first.code}`,
    evidence: evidenceOf(refused),
  };
});

export const NOTHING_SENT: Check<Facts> = {
  code: "nothing-sent",
  title: "sending",
  dependsOn: ["receiver-unreachable", "certificate-refused", "token-refused", "receiver-refuses"],
  judge: ({ journal, status }) => {
    // What the running shipper says of itself is newer than its journal.
    const said = journal.kind === "seen" ? journal.value.away : undefined;
    const stopped = status === undefined ? said : status.nothing_sent;
    if (stopped === undefined || stopped === null) {
      return { severity: "green", cause: "nothing is in its way", evidence: {} };
    }
    return {
      severity: "yellow",
      cause: `the shipper waits, though the way is open now: ${stopped.detail}`,
      fix: SHIP_NOW,
      evidence: { code: stopped.code },
    };
  },
  means:
    "The shipper found the receiver away or was refused as a whole, and has not tried again yet; from here the way is open.",
  comes:
    "What was wrong was mended a moment ago. The shipper probes by itself, after an outage of hours every few minutes.",
  mend: "The printed command has it try at once.",
};

export const TRIES_FAILING = journalCheck({
  code: "tries-failing",
  title: "failed tries",
  dependsOn: ["receiver-unreachable", "receiver-refuses", "nothing-sent"],
  means:
    "Episodes did not get through at their last try. They stay and are tried again, later each time.",
  comes:
    "A link that loses connections, a receiver that was busy, an archive that arrived damaged.",
  mend:
    "Most mend themselves; the row's words are those of the newest try. When it goes on, the receiver's own doctor and " +
    "`cis490 why ID` tell more. The printed command has all of them tried at once.",
}, ({ failing }) => {
  const [first] = failing;
  if (first === undefined) return NONE;
  const count = failing.reduce((sum, { count }) => sum + count, 0);
  return {
    severity: "yellow",
    cause: `${episodes(count)} did not get through (${
      failing.map(inShort).join(", ")
    }): ${first.detail}`,
    fix: SHIP_NOW,
    evidence: evidenceOf(failing),
  };
});

export const BUGS = journalCheck({
  code: "shipper-bug",
  title: "faults",
  means: "The shipper met a fault of its own. The episode stays and is tried again.",
  comes: "A bug, or a disk that fails in a way that nobody has thought of.",
  mend:
    "The printed command shows the whole of it, with the stack: please report that. An update may have mended it.",
}, ({ bugs: all }, { unit, status }) => {
  // A pass that could not be made is over when another one was.
  const passedMs = status === undefined || status.episodes === null ? 0 : status.time;
  const bugs = all.filter(({ code, atMs }) => code !== "pass-failed" || atMs >= passedMs);
  const [first] = bugs;
  if (first === undefined) return NONE;
  return {
    severity: "red",
    cause: `${first.count} time(s) ${first.code}: ${first.detail} ${someOf(first.ids)}`.trim(),
    fix:
      `journalctl -u ${unit} -p err -n 20 --no-pager   # report it; perhaps mended by: ${UPDATE_LAB_HOST}`,
    evidence: evidenceOf(bugs),
  };
});

function inShort({ count, code, status }: Said): string {
  return `${count} ${code}${statusOf({ status })}`;
}

function statusOf({ status }: Pick<Said, "status">): string {
  return status === undefined ? "" : ` (${status})`;
}

function evidenceOf(said: readonly Said[]) {
  return {
    count: said.reduce((sum, { count }) => sum + count, 0),
    codes: said.map(inShort),
    episodes: said.flatMap(({ ids }) => ids).slice(0, 10),
  };
}
