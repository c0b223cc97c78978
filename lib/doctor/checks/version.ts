/** Whether what runs is what is installed, and what is installed is what lies in the repository. */
import type { LabHostFacts } from "../facts.ts";
import type { Check } from "../finding.ts";
import { REINSTALL } from "../fixes.ts";

export const VERSION: Check<
  Pick<LabHostFacts, "build" | "repository" | "status" | "unit">
> = {
  code: "version-behind",
  title: "version",
  dependsOn: ["configuration-bad"],
  judge: ({ build, repository, status, unit }) => {
    const { version, commit } = build;
    const evidence = {
      version,
      commit,
      ...(status === undefined ? {} : { running_commit: status.commit }),
    };
    if (status !== undefined && status.commit !== commit) {
      return {
        severity: "yellow",
        cause: `cis490 ${version} is installed, and another one runs still (${status.version}, ${
          status.commit.slice(0, 12)
        })`,
        fix: `sudo systemctl restart ${unit}`,
        evidence,
      };
    }
    const newer = repository.kind === "seen" ? repository.newer ?? 0 : 0;
    if (newer === 0) return { severity: "green", cause: `cis490 ${version}`, evidence };
    return {
      severity: "yellow",
      cause: `the repository has ${newer} newer commit(s) of cis490 than the one installed`,
      fix: REINSTALL,
      evidence: { ...evidence, newer_commits: newer },
    };
  },
  means:
    "The running program is older than the installed one, or the installed one older than the repository in /opt/cis490.",
  comes: "`git pull` without the installer, or an installation without a restart.",
  mend:
    "The printed command installs what the repository has, or restarts the unit. Old and new versions speak the same protocol.",
};
