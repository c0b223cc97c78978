/** The checks of the way from a lab host to its receiver. */
import type { Check } from "../finding.ts";
import type { LabHostFacts } from "../lab_host_facts.ts";
import { ageInWords } from "../words.ts";

const DAY_MS = 24 * 3600 * 1000;
const WARN_DAYS = 14;
const RED_DAYS = 3;

/** Beyond the first, logs of both ends are hard to lay side by side; beyond the second, nothing is pruned. */
const CLOCK_YELLOW_MS = 30_000;
const CLOCK_RED_MS = 600_000;

export const CERTIFICATES: Check<LabHostFacts> = {
  code: "certificates",
  title: "certificates",
  dependsOn: [],
  run: ({ certificates, config, nowMs }) => {
    const paths = config.receiver.certificates;
    if (certificates === undefined || paths === undefined) {
      const evidence = { receiver: config.receiver.url };
      return { severity: "green", cause: "none needed: the receiver is plain http", evidence };
    }
    const files = [paths.caBundle, paths.clientCert, paths.clientKey];
    const fix = `ls -l ${files.join(" ")}`;
    if (certificates.kind === "unseen") {
      const { subject, errno } = certificates.error;
      return {
        severity: "unseen",
        cause: `${subject} may not be read by this user (${errno})`,
        fix: "sudo cis490 doctor",
        evidence: { files },
      };
    }
    const preflight = certificates.value;
    if (preflight.kind === "not-ready") {
      return { severity: "red", cause: preflight.why, fix, evidence: { files } };
    }
    const days = Math.floor((preflight.expiresAtMs - nowMs) / DAY_MS);
    const evidence = { files, days_left: days };
    const cause = `${paths.clientCert} has ${days === 1 ? "1 day" : `${days} days`} left`;
    if (days >= WARN_DAYS) return { severity: "green", cause, evidence };
    return {
      severity: days < RED_DAYS ? "red" : "yellow",
      cause: `${cause}: have a new one issued`,
      fix: `openssl x509 -in ${paths.clientCert} -noout -subject -issuer -dates`,
      evidence,
    };
  },
};

export const TOKEN: Check<LabHostFacts> = {
  code: "token",
  title: "token",
  dependsOn: [],
  run: ({ token, config }) => {
    const file = config.receiver.tokenFile;
    const evidence = { file };
    if (token === "good") return { severity: "green", cause: `${file} holds one`, evidence };
    if (token.code === "denied") {
      return { severity: "unseen", cause: token.message, fix: "sudo cis490 doctor", evidence };
    }
    return {
      severity: "red",
      cause: token.message,
      fix: `sudo tee ${file}   # paste what the receiver printed for: ` +
        `sudo cis490 receive token add ${config.hostId}`,
      evidence,
    };
  },
};

export const RECEIVER: Check<LabHostFacts> = {
  code: "receiver",
  title: "receiver",
  dependsOn: ["certificates", "token"],
  run: ({ probe, config }) => {
    const evidence = {
      url: config.receiver.url,
      layers: probe.layers.map(({ layer, state }) => `${layer}: ${state}`),
    };
    const failed = probe.layers.find(({ state }) => state === "failed");
    if (failed !== undefined) {
      return {
        severity: "red",
        cause: `${failed.layer}: ${failed.words}`,
        fix: failed.fix ?? "cis490 ping",
        evidence,
      };
    }
    return { severity: "green", cause: probe.layers.at(-1)?.words ?? "reachable", evidence };
  },
};

export const CLOCK: Check<LabHostFacts> = {
  code: "clock",
  title: "clock",
  dependsOn: ["receiver"],
  run: ({ probe }) => {
    const differenceMs = probe.clockDifferenceMs;
    if (differenceMs === undefined) {
      return { severity: "unseen", cause: "the receiver told no time", evidence: {} };
    }
    const apartMs = Math.abs(differenceMs);
    const evidence = { difference_ms: differenceMs };
    if (apartMs < CLOCK_YELLOW_MS) {
      return { severity: "green", cause: "agrees with the receiver's", evidence };
    }
    return {
      severity: apartMs < CLOCK_RED_MS ? "yellow" : "red",
      cause: `this host and the receiver are ${ageInWords(apartMs)} apart`,
      fix: "timedatectl",
      evidence,
    };
  },
};
