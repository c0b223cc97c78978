/** What can never be accepted as it is, and how long it is kept. */
import type { LabHostFacts } from "../facts.ts";
import { AS_ROOT, type Check } from "../finding.ts";
import { ageInWords, episodes } from "../words.ts";

const DAY_MS = 24 * 3600_000;
/** Time enough to look, even after a week of holidays. */
const WARN_MS = 7 * DAY_MS;

/** Another episode of that name is stored: these are never deleted. */
const KEPT = "different-episode";

export const QUARANTINE: Check<
  Pick<LabHostFacts, "quarantined" | "config" | "nowMs" | "file" | "unit">
> = {
  code: "quarantine-ends",
  title: "quarantine",
  dependsOn: ["data-dir-unusable"],
  judge: ({ quarantined, config, nowMs, file, unit }) => {
    if (quarantined.kind === "unseen") {
      const { subject, errno } = quarantined.why;
      const cause = `${subject} may not be looked at by this user (${errno})`;
      return { severity: "unseen", cause, fix: AS_ROOT, evidence: {} };
    }
    const total = quarantined.value.reduce((sum, { names }) => sum + names.length, 0);
    if (total === 0) return { severity: "green", cause: "empty", evidence: { count: 0 } };
    const keepMs = config.queue.quarantineKeepMs;
    const counts = quarantined.value.map(({ code, names }) => `${names.length} ${code}`);
    const ends = keepMs === undefined
      ? []
      : quarantined.value.flatMap(({ code, oldestMs }) =>
        code === KEPT || oldestMs === undefined ? [] : [oldestMs + keepMs]
      );
    const firstEnd = ends.length === 0 ? undefined : Math.min(...ends);
    const evidence = {
      count: total,
      codes: counts,
      ...(firstEnd === undefined ? {} : { first_deleted_at: new Date(firstEnd).toISOString() }),
    };
    const lies = `${episodes(total)}: ${counts.join(", ")}`;
    if (firstEnd === undefined) {
      return { severity: "green", cause: `${lies}; kept for ever`, evidence };
    }
    const leftMs = firstEnd - nowMs;
    const when = leftMs > 0 ? `in ${ageInWords(leftMs)}` : "with the next look of the shipper";
    const cause = `${lies}; the oldest is deleted ${when}`;
    // A retention of a week or less was chosen so: then the last quarter of it.
    if (leftMs > Math.min(WARN_MS, (keepMs ?? 0) / 4)) {
      return { severity: "green", cause, evidence };
    }
    return {
      severity: "yellow",
      cause,
      fix:
        `sudoedit ${file} && sudo systemctl reload ${unit}   # quarantine_keep_days = 0 keeps them`,
      evidence,
    };
  },
  means:
    "Episodes in quarantine will be deleted within a week: this is the one place where data that no receiver has is ever deleted.",
  comes:
    "They were refused for good, and `quarantine_keep_days` is about to be over. Those with code `different-episode` are exempt.",
  mend:
    "Look at them with `cis490 quarantine list` and `show`. What is worth keeping is kept by a larger `quarantine_keep_days`, " +
    "which the printed command lets you set (0 is for ever), or copied elsewhere; the rest may go.",
};
