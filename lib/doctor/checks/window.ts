/** Whether the receiver accepts what this host records: the journal's 412, the queue, and this host's own commit. */
import type { Stamp } from "../../episode/mod.ts";
import type { LabHostFacts } from "../facts.ts";
import type { Check } from "../finding.ts";
import { editOnReceiver, UPDATE_LAB_HOST } from "../fixes.ts";
import { REPOSITORY } from "../look/repository.ts";
import { episodes, someOf } from "../words.ts";

type Facts = Pick<
  LabHostFacts,
  "journal" | "queue" | "window" | "repository" | "config" | "receiverIsHere"
>;

/** This host's commit in the window: 0 is the newest; -1 outside; undefined when one of both is not known. */
function placeOf({ window, repository }: Pick<Facts, "window" | "repository">): number | undefined {
  if (window === undefined || repository.kind !== "seen") return undefined;
  return window.commits.indexOf(repository.commit);
}

export const OUT_OF_WINDOW: Check<Facts> = {
  code: "out-of-window",
  title: "rejected (412)",
  dependsOn: ["configuration-bad"],
  judge: (facts) => {
    const { journal, queue, window } = facts;
    const said = journal.kind === "seen" ? journal.value.held : undefined;
    const onDisk = queue.kind === "seen" ? queue.value.held : [];
    const isAccepted = (stamp: Stamp | undefined) =>
      stamp !== undefined && window?.commits.includes(stamp) === true;
    const refused = onDisk.filter(({ stamp }) => !isAccepted(stamp)).map(({ id }) => id);
    // What the shipper said may be more, since records of what it has just found are not all written yet, or of a part of
    // the queue only; and less, since it counts again every five minutes. That there are none any more it says at once.
    const held = said?.count === 0 ? 0 : Math.max(said?.count ?? 0, onDisk.length);
    // Of a window that has changed the shipper hears a minute later.
    const count = Math.max(0, held - (onDisk.length - refused.length));
    const evidence = {
      count,
      ...(said === undefined ? {} : { journal: said.detail }),
      episodes: said?.ids.length ? said.ids : refused.slice(0, 10),
    };
    if (count === 0) {
      const cause = onDisk.length === 0
        ? "none"
        : `${episodes(onDisk.length)} waited for the window, and will be shipped now`;
      return { severity: "green", cause, evidence };
    }
    const detail = said?.detail ?? `held: ${someOf(refused)}`;
    // With accepted code here, what is held was recorded before: an update changes nothing for it.
    const place = placeOf(facts);
    const isUpToDate = place !== undefined && place >= 0;
    return {
      severity: isUpToDate ? "yellow" : "red",
      cause: `${count} ship(s) rejected as out-of-window: ${detail}`,
      fix: isUpToDate
        ? `${editOnReceiver(facts, "/etc/cis490/receiver.toml")}   # a larger window_commits`
        : UPDATE_LAB_HOST,
      evidence,
    };
  },
  means:
    "Episodes wait because the receiver does not accept the commit of the lab code that recorded them (412). Red when this " +
    "host still records with such a commit; yellow when only older episodes are left.",
  comes:
    "The lab's branch went on by more commits than the window holds, and this host was not updated; or it runs another branch.",
  mend:
    "The printed command updates the lab code here, so that new episodes are accepted. Those that wait are tried again by " +
    "themselves whenever the window changes; to have old ones accepted, give the receiver a larger `window_commits`, or name " +
    "their commits in `accept_extra`. They are never deleted.",
};

/** So near the end of the window it is time to update. */
const LAST_PART = 0.9;

export const COMMIT_OUTSIDE: Check<Facts> = {
  code: "commit-outside-window",
  title: "this host's code",
  dependsOn: ["out-of-window"],
  judge: (facts) => {
    const { window, repository } = facts;
    if (repository.kind === "absent") {
      const cause = `there is no lab code in ${REPOSITORY} to compare`;
      return { severity: "green", cause, evidence: {} };
    }
    if (repository.kind === "unseen") {
      return {
        severity: "unseen",
        cause: repository.why,
        fix: `sudo git -C ${REPOSITORY} status`,
        evidence: { repository: REPOSITORY },
      };
    }
    const { commit } = repository;
    const short = commit.slice(0, 12);
    const place = placeOf(facts);
    if (window === undefined || place === undefined) {
      return { severity: "green", cause: `${short}; no window to compare`, evidence: { commit } };
    }
    const size = window.commits.length;
    const evidence = {
      commit,
      window_size: size,
      window_source: window.source,
      newest: window.commits[0] ?? "",
      place: place + 1,
    };
    if (place < 0) {
      return {
        severity: "red",
        cause:
          `commit ${short} is not among the ${size} that are accepted: what it records is rejected`,
        fix: UPDATE_LAB_HOST,
        evidence,
      };
    }
    const behind = place === 0 ? "the newest" : `${place} behind the newest`;
    const cause = `${short} is accepted, ${behind} of ${size}`;
    if (size < 10 || place < size * LAST_PART) return { severity: "green", cause, evidence };
    return { severity: "yellow", cause, fix: UPDATE_LAB_HOST, evidence };
  },
  means:
    "The lab code checked out on this host is not accepted by the receiver, so every new episode would wait; yellow when it is " +
    "about to fall out of the window.",
  comes: "The branch went on, and this host was not updated.",
  mend: "The printed command updates and reinstalls.",
};
