/** What a lab host proves who it is by: its certificate files and its token. */
import type { LabHostFacts } from "../facts.ts";
import { AS_ROOT, type Check } from "../finding.ts";
import { bringCertificates, letThrough, newToken } from "../fixes.ts";
import { userName } from "../look/account.ts";

const DAY_MS = 24 * 3600 * 1000;
const WARN_DAYS = 14;
const RED_DAYS = 3;

type Facts = Pick<
  LabHostFacts,
  "certificates" | "config" | "nowMs" | "receiverIsHere" | "barriers" | "who"
>;

export const CERTIFICATES: Check<Facts> = {
  code: "certificate-not-ready",
  title: "certificates",
  dependsOn: ["configuration-bad", "clock-wrong"],
  judge: ({ certificates, config, receiverIsHere, barriers, who }) => {
    const paths = config.receiver.certificates;
    if (certificates === undefined || paths === undefined) {
      const cause = "none needed: the receiver is plain http";
      return { severity: "green", cause, evidence: { receiver: config.receiver.url } };
    }
    const evidence = { files: [paths.caBundle, paths.clientCert, paths.clientKey] };
    if (certificates.kind === "unseen") {
      const { subject, errno } = certificates.why;
      const cause = `${subject} may not be read by this user (${errno})`;
      return { severity: "unseen", cause, fix: AS_ROOT, evidence };
    }
    const preflight = certificates.value;
    if (preflight.kind === "not-ready") {
      const renew = preflight.because === "expired";
      const fix = bringCertificates({ config, receiverIsHere }, { renew });
      return { severity: "red", cause: preflight.why, fix, evidence };
    }
    const kept = evidence.files.find((path) => barriers.has(path));
    const barrier = kept === undefined ? undefined : barriers.get(kept);
    if (barrier !== undefined) {
      const cause = `${kept} is good, but ${userName(who)}, the shipper's user, may not read it`;
      return { severity: "red", cause, fix: letThrough(barrier, who), evidence };
    }
    const cause = "present, readable, and certificate and key are a pair";
    return { severity: "green", cause, evidence };
  },
  means:
    "A certificate file is missing, damaged, expired, or certificate and key are no pair: no request can be sent.",
  comes:
    "The host was never enrolled, a renewal was brought over by half, or nobody renewed in time.",
  mend:
    "The printed command fetches what the receiver's authority (`install/pki.sh`) has for this host; with an expired one " +
    "it is renewed first. A host that was never enrolled is enrolled there: [pki.md](pki.md). The shipper takes new files " +
    "up by itself. Meanwhile episodes are packed, and nothing is lost.",
};

export const CERTIFICATE_EXPIRING: Check<Facts> = {
  code: "certificate-expiring",
  title: "validity",
  dependsOn: ["certificate-not-ready"],
  judge: ({ certificates, config, nowMs, receiverIsHere }) => {
    const preflight = certificates?.kind === "seen" ? certificates.value : undefined;
    const file = config.receiver.certificates?.clientCert;
    if (preflight?.kind !== "ready" || file === undefined) {
      return { severity: "green", cause: "nothing expires", evidence: {} };
    }
    const days = Math.floor((preflight.expiresAtMs - nowMs) / DAY_MS);
    const evidence = { file, days_left: days };
    const cause = `${file} has ${days === 1 ? "1 day" : `${days} days`} left`;
    if (days >= WARN_DAYS) return { severity: "green", cause, evidence };
    return {
      severity: days < RED_DAYS ? "red" : "yellow",
      cause,
      fix: bringCertificates({ config, receiverIsHere }, { renew: true }),
      evidence,
    };
  },
  means: "This host's certificate expires soon: yellow from 14 days before, red from 3.",
  comes: "A certificate is valid for 397 days, and nobody has renewed it.",
  mend:
    "The printed command renews it at the receiver's authority and brings it here. The shipper takes it up by itself.",
};

export const TOKEN: Check<
  Pick<LabHostFacts, "token" | "config" | "receiverIsHere" | "barriers" | "who">
> = {
  code: "token-not-ready",
  title: "token file",
  dependsOn: ["configuration-bad"],
  judge: ({ token, config, receiverIsHere, barriers, who }) => {
    const file = config.receiver.tokenFile;
    const evidence = { file };
    const barrier = barriers.get(file);
    if (token === "good" && barrier !== undefined) {
      const cause = `${file} holds one, but ${userName(who)}, the shipper's user, may not read it`;
      return { severity: "red", cause, fix: letThrough(barrier, who), evidence };
    }
    if (token === "good") return { severity: "green", cause: `${file} holds one`, evidence };
    if (token.code === "denied" || token.code === "no-credentials") {
      return { severity: "unseen", cause: token.message, fix: AS_ROOT, evidence };
    }
    const fix = newToken({ config, receiverIsHere });
    return { severity: "red", cause: token.message, fix, evidence };
  },
  means:
    "The file with this host's token is missing, empty, or holds something else: no request can be sent.",
  comes: "The host was never enrolled, or the file was lost or overwritten.",
  mend:
    "The printed command makes a new token on the receiver and writes it here; no token is ever shown. The shipper reads the " +
    "file anew for each request. The former token stays valid until `cis490 receive token revoke`.",
};
