/** The checks that only a receiver has. */
import { FsError, isFsError } from "../../sys/mod.ts";
import type { ReceiverFacts } from "../facts.ts";
import { AS_ROOT, type Check } from "../finding.ts";
import { letThrough } from "../fixes.ts";
import { userName } from "../look/account.ts";
import { ageInWords, quoted } from "../words.ts";

export const SILENT: Check<Pick<ReceiverFacts, "config" | "ready" | "unit">> = {
  code: "receiver-silent",
  title: "own socket",
  dependsOn: ["receiver-down"],
  judge: ({ config: { listen }, ready, unit }) => {
    const where = listen.transport === "unix" ? listen.path : `${listen.hostname}:${listen.port}`;
    const evidence = { listen: where };
    if (ready.kind === "answer") {
      return { severity: "green", cause: `answers at ${where}`, evidence };
    }
    if (ready.isDenied) {
      const cause = `${where} may not be asked by this user`;
      return { severity: "unseen", cause, fix: AS_ROOT, evidence };
    }
    return {
      severity: "red",
      cause: `no answer at ${where}: ${ready.why}`,
      fix: `sudo systemctl restart ${unit}`,
      evidence,
    };
  },
  means: "The unit runs, and nothing answers where the configuration says that it listens.",
  comes:
    "It was started with another `listen` and not restarted since, or it stands still; then its watchdog restarts it.",
  mend:
    "The printed command restarts it: requests under way have 20 seconds, and uploads go on where they were.",
};

export const NOT_READY: Check<Pick<ReceiverFacts, "ready" | "unit">> = {
  code: "receiver-not-ready",
  title: "readiness",
  dependsOn: [
    "receiver-silent",
    "store-unusable",
    "store-read-only",
    "store-full",
    "window-unknown",
  ],
  judge: ({ ready, unit }) => {
    if (ready.kind === "silent") return { severity: "green", cause: "not asked", evidence: {} };
    const { ready: isReady, reasons } = ready.value;
    const evidence = { reasons };
    if (isReady) return { severity: "green", cause: "it would store an episode now", evidence };
    return {
      severity: "red",
      cause: reasons.join("; "),
      fix: `journalctl -u ${unit} -p warning -n 20 --no-pager`,
      evidence,
    };
  },
  means: "The receiver says of itself that it could not store an episode now.",
  comes: "Its store can't be written, or it knows no window.",
  mend: "The row quotes its reasons; a disk that fails is named by `journalctl -k -p warning`.",
};

export const TOKENS: Check<Pick<ReceiverFacts, "config" | "tokens" | "barriers" | "who">> = {
  code: "tokens-missing",
  title: "tokens",
  dependsOn: ["configuration-bad"],
  judge: ({ config, tokens, barriers, who }) => {
    const file = config.tokensFile;
    const evidence = { file };
    if (isFsError(tokens, "gone")) {
      return {
        severity: "yellow",
        cause: `${file} is not there: no host may send anything yet`,
        fix: "sudo cis490 receive token add HOST   # the host_id of a lab host",
        evidence,
      };
    }
    if (tokens instanceof FsError) {
      const cause = `${file} may not be looked at by this user (${tokens.errno})`;
      return { severity: "unseen", cause, fix: AS_ROOT, evidence };
    }
    if ((tokens.mode & 0o007) !== 0) {
      return {
        severity: "yellow",
        cause: `${file} is open to every user of this machine`,
        fix: `sudo chmod o= ${quoted(file)}`,
        evidence: { ...evidence, mode: tokens.mode.toString(8) },
      };
    }
    const barrier = barriers.get(file);
    if (barrier !== undefined) {
      const cause = `${userName(who)}, the receiver's user, may not read ${file}`;
      return { severity: "red", cause, fix: letThrough(barrier, who), evidence };
    }
    return { severity: "green", cause: `${file} is there`, evidence };
  },
  means: "No lab host has a token, or the file with their digests is open to everybody.",
  comes: "The receiver is new, or the file was lost; then every host has to get a new token.",
  mend:
    "`cis490 receive token add HOST` makes the file; `install/pki.sh enroll HOST` does so together with a certificate.",
};

/** Sources are read every minute by default; three that failed in a row are no accident. */
const MISSED_READINGS = 3;

export const WINDOW: Check<
  Pick<ReceiverFacts, "config" | "window" | "nowMs" | "units" | "ready" | "unit">
> = {
  code: "window-unknown",
  title: "window",
  dependsOn: ["receiver-silent"],
  judge: ({ config, window, nowMs, units, ready, unit }) => {
    const { forgejo, branch, refreshMs, maxStaleMs } = config.window;
    if (ready.kind === "silent") return { severity: "green", cause: "not asked", evidence: {} };
    const evidence = {
      branch,
      ...(forgejo === undefined ? {} : { forgejo: forgejo.url }),
      ...(window === undefined ? {} : {
        source: window.source,
        size: window.commits.length,
        newest: window.commits[0] ?? "",
        read_at: window.read_at,
      }),
    };
    const service = units.kind === "seen" ? units.value.get("forgejo.service") : undefined;
    const fix = forgejo === undefined
      ? `journalctl -u ${unit} -g event=window -n 10 --no-pager`
      : service?.loadState === "loaded" && service.activeState !== "active"
      ? `sudo systemctl restart forgejo && sudo systemctl restart ${unit}`
      : `curl -sS ${forgejo.url}/api/v1/version; journalctl -u ${unit} -g event=window -n 10 --no-pager`;
    if (window === undefined) {
      return {
        severity: "red",
        cause:
          `no window of ${branch}: nobody knows which commits are accepted, so every episode waits`,
        fix,
        evidence,
      };
    }
    const ageMs = Math.max(0, nowMs - Date.parse(window.read_at));
    const of = `${window.commits.length} commits of ${branch} from ${window.source}`;
    const newest = window.commits[0]?.slice(0, 12) ?? "none";
    if (forgejo !== undefined && window.source !== "forgejo") {
      return {
        severity: "yellow",
        cause: `Forgejo does not answer: ${of}, read ${ageInWords(ageMs)} ago, refused after ${
          ageInWords(maxStaleMs)
        }`,
        fix,
        evidence,
      };
    }
    if (ageMs > MISSED_READINGS * refreshMs + 60_000) {
      return { severity: "yellow", cause: `${of}, read ${ageInWords(ageMs)} ago`, fix, evidence };
    }
    return { severity: "green", cause: `${of}, newest ${newest}`, evidence };
  },
  means:
    "The receiver does not know which commits it accepts, or has them from a fallback because Forgejo does not answer.",
  comes:
    "Forgejo is down, its token was revoked, or the local repository was moved. With a fallback new commits are not seen; when " +
    "it is older than `max_stale_hours`, nothing is accepted any more.",
  mend:
    "The printed command starts Forgejo where it is a unit of this machine, or shows what it answers. " +
    "[version-gate.md](version-gate.md) tells how the sources follow each other.",
};

export const PROXY: Check<Pick<ReceiverFacts, "config" | "units" | "proxy">> = {
  code: "proxy-down",
  title: "proxy",
  dependsOn: ["receiver-down"],
  judge: ({ config, units, proxy }) => {
    const caddy = units.kind === "seen" ? units.value.get("caddy.service") : undefined;
    if (!config.proxyIdentity) {
      return { severity: "green", cause: "none configured", evidence: {} };
    }
    if (caddy === undefined || caddy.loadState === "not-found") {
      const cause = "Caddy is no unit of this machine; another proxy is not looked at";
      return { severity: "green", cause, evidence: {} };
    }
    const evidence = { unit: caddy.name, active_state: caddy.activeState, user: caddy.user };
    // Without the group it can't read its certificates either, and does not start: so this comes first.
    if (
      config.listen.transport === "unix" && proxy !== undefined && proxy.uid !== 0 &&
      !proxy.groups.includes("cis490")
    ) {
      return {
        severity: "red",
        cause:
          `${proxy.name}, Caddy's user, is not in group cis490 and can't reach ${config.listen.path}`,
        fix: `sudo usermod -aG cis490 ${proxy.name} && sudo systemctl restart caddy`,
        evidence,
      };
    }
    if (caddy.activeState !== "active") {
      const masked = caddy.loadState === "masked" ? "sudo systemctl unmask caddy && " : "";
      return {
        severity: "red",
        cause: `Caddy is ${caddy.activeState}: no lab host gets through`,
        fix: `${masked}sudo systemctl enable --now caddy`,
        evidence,
      };
    }
    return { severity: "green", cause: "Caddy runs", evidence };
  },
  means: "The proxy in front of the receiver does not run, or can't reach it.",
  comes: "Its unit was stopped, its Caddyfile has a fault, or its user is not in group cis490.",
  mend:
    "The printed command starts it or adds the user. `caddy validate --config /etc/caddy/Caddyfile` finds faults of the file.",
};
