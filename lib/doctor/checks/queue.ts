/** What waits on a lab host, and what keeps it from leaving. */
import { findEpisodeId, ID_GRAMMAR_WORDS } from "../../episode/mod.ts";
import type { LabHostFacts } from "../facts.ts";
import { AS_ROOT, type Check, type Finding } from "../finding.ts";
import { SHIP_NOW } from "../fixes.ts";
import { userName } from "../look/account.ts";
import type { QueueFacts } from "../look/queue.ts";
import { ageInWords, episodes, quoted, sizeInWords, someOf } from "../words.ts";

type Facts = Pick<
  LabHostFacts,
  "queue" | "config" | "who" | "nowMs" | "lastShippedMs" | "unit"
>;

/** What waits longer than this is worth a look. */
const OLD_MS = 3600_000;

const DATA_DIR = ["data-dir-unusable"];

/** Judges what was seen of the queue; a directory that nobody has made yet holds nothing. */
function queueCheck(
  check: Omit<Check<Facts>, "judge">,
  judge: (queue: QueueFacts, facts: Facts) => Finding,
): Check<Facts> {
  return {
    ...check,
    judge: (facts) => {
      const { queue } = facts;
      if (queue.kind === "seen") return judge(queue.value, facts);
      if (queue.why.code === "gone") return NONE;
      const { subject, errno } = queue.why;
      const cause = `${subject} may not be looked at by this user (${errno})`;
      return { severity: "unseen", cause, fix: AS_ROOT, evidence: {} };
    },
  };
}

const NONE: Finding = { severity: "green", cause: "none", evidence: { count: 0 } };

export const IMMOVABLE = queueCheck({
  code: "episodes-immovable",
  title: "rights of episodes",
  dependsOn: DATA_DIR,
  means:
    "There are episodes that the shipper's user may not move, so they can't leave the queue once they are shipped.",
  comes:
    "The orchestrator, or somebody by hand, recorded them as another user. To move a directory elsewhere it must be writable.",
  mend:
    "The printed command gives them to the shipper's user and has them tried. Have the orchestrator run as that user.",
}, ({ immovable }, { config, who }) => {
  if (immovable.length === 0) return NONE;
  const user = userName(who);
  const path = immovable.length === 1
    ? `${config.dataDir}/episodes/${immovable[0]}`
    : `${config.dataDir}/episodes`;
  return {
    severity: "red",
    cause: `${episodes(immovable.length)} may not be moved by ${user}: ${someOf(immovable)}`,
    fix: `sudo chown -R ${user}:${user} ${quoted(path)} && ${SHIP_NOW}`,
    evidence: { count: immovable.length, episodes: immovable.slice(0, 10) },
  };
});

export const STUCK = queueCheck({
  code: "episodes-stuck",
  title: "stuck",
  dependsOn: [...DATA_DIR, "episodes-immovable", "data-dir-read-only", "disk-full"],
  means:
    "This host's disk or its rights are in the way of episodes: no request is made for them until that is mended.",
  comes:
    "A file that the shipper may not read, a disk that failed, or no room for the note that goes beside a moved episode.",
  mend:
    "The row quotes the call that failed. The printed command mends that, and has them tried at once.",
}, ({ stuck }, { config, who }) => {
  const [first] = stuck;
  if (first === undefined) return NONE;
  const user = userName(who);
  const path = quoted(`${config.dataDir}/episodes/${first.id}`);
  const fix = /^(EACCES|EPERM)$/.test(first.last.code)
    ? `sudo chown -R ${user}:${user} ${path} && sudo chmod -R u+rwX ${path} && ${SHIP_NOW}`
    : /^(EIO|EROFS|EUCLEAN)$/.test(first.last.code)
    ? "journalctl -k -p warning -n 50 --no-pager"
    : SHIP_NOW;
  return {
    severity: "red",
    cause: `${episodes(stuck.length)} stuck: ${
      someOf(stuck.map(({ id }) => id))
    }: ${first.last.detail}`,
    fix,
    evidence: {
      count: stuck.length,
      codes: [...new Set(stuck.map(({ last }) => last.code))],
      episodes: stuck.map(({ id }) => id).slice(0, 10),
    },
  };
});

export const BACKLOG = queueCheck({
  code: "backlog-old",
  title: "backlog",
  dependsOn: [
    ...DATA_DIR,
    "out-of-window",
    "episodes-stuck",
    "receiver-unreachable",
    "receiver-refuses",
  ],
  means:
    "An episode has waited for more than an hour, and nothing else that the doctor looks at says why.",
  comes:
    "A large backlog over a slow link, or an episode whose files change all the time, so that it never settles.",
  mend:
    "`cis490 why ID` tells what one episode waits for. The printed command asks that for the oldest.",
}, (queue, { nowMs, lastShippedMs }) => {
  const { oldest, bytes, isCut, held } = queue;
  const last = lastShippedMs === undefined
    ? "none was shipped lately"
    : `the last was shipped ${ageInWords(nowMs - lastShippedMs)} ago`;
  const evidence = {
    episodes: queue.episodes,
    bytes,
    ...(oldest === undefined ? {} : {
      oldest: oldest.id,
      oldest_s: Math.round((nowMs - oldest.sinceMs) / 1000),
    }),
    ...(lastShippedMs === undefined
      ? {}
      : { last_shipped_s: Math.round((nowMs - lastShippedMs) / 1000) }),
  };
  if (oldest === undefined) {
    return { severity: "green", cause: `no episode waits; ${last}`, evidence };
  }
  const ageMs = nowMs - oldest.sinceMs;
  const size = `${isCut ? "more than " : ""}${sizeInWords(bytes)}`;
  const verb = queue.episodes === 1 ? "waits" : "wait";
  const cause = `${episodes(queue.episodes)} ${verb} (${size}), the oldest for ${
    ageInWords(ageMs)
  }; ${last}`;
  // What is held waits for the window, and has a row of its own.
  if (ageMs < OLD_MS || held.length === queue.episodes) {
    return { severity: "green", cause, evidence };
  }
  return { severity: "yellow", cause, fix: `sudo cis490 why ${oldest.id}`, evidence };
});

export const STRANGERS = queueCheck({
  code: "strangers",
  title: "strangers",
  dependsOn: DATA_DIR,
  means:
    "Something in `episodes/` can be no episode, and is never shipped: a file, or a directory whose name no id can have.",
  comes:
    "Somebody put it there by hand, or the orchestrator gives names that the receiver does not take.",
  mend:
    "The printed command moves it to a name that is allowed, or a plain file out of the queue. Nothing is overwritten.",
}, ({ strangers }, { config }) => {
  const [first] = strangers;
  if (first === undefined) return NONE;
  const directory = `${config.dataDir}/episodes`;
  const more = strangers.length === 1 ? "" : ` and ${strangers.length - 1} more`;
  const isDirectory = first.type === "directory";
  const why = isDirectory
    ? `an id is ${ID_GRAMMAR_WORDS}`
    : `it is a ${first.type}, not a directory`;
  const to = isDirectory
    ? `${directory}/${nameFor(first.name)}`
    : `${config.dataDir}/${first.name}`;
  return {
    severity: "yellow",
    cause: `${directory}/${first.name}${more} can be no episode: ${why}`,
    fix: `sudo mv -nT -- ${quoted(`${directory}/${first.name}`)} ${quoted(to)}`,
    evidence: { count: strangers.length, names: strangers.map(({ name }) => name).slice(0, 10) },
  };
});

/** The nearest name that is an id. */
function nameFor(name: string): string {
  const allowed = name.replaceAll(/[^A-Za-z0-9._-]/g, "_").replace(/^[^A-Za-z0-9]+/, "").slice(
    0,
    128,
  );
  return findEpisodeId(allowed) ?? "renamed";
}

export const ORPHANS = queueCheck({
  code: "outbox-orphans",
  title: "outbox",
  dependsOn: [...DATA_DIR, "shipper-down"],
  means: "Files in `outbox/` belong to no episode. They take room, and nothing else.",
  comes:
    "Somebody removed an episode by hand, or a shipper was killed between two steps and has made no pass since.",
  mend: "Every pass sweeps them: the printed command has one made at once.",
}, ({ orphans }) => {
  if (orphans.length === 0) return NONE;
  return {
    severity: "yellow",
    cause: `outbox/ has files of ${episodes(orphans.length)} that are gone: ${someOf(orphans)}`,
    fix: SHIP_NOW,
    evidence: { count: orphans.length, episodes: orphans.slice(0, 10) },
  };
});
