/** The way to the receiver, by a ping: the first layer that fails has its own code, and hides the ones behind it. */
import type { Layer, LayerReport } from "../../transport/mod.ts";
import type { LabHostFacts } from "../facts.ts";
import type { Check, Evidence, Finding } from "../finding.ts";
import { bringCertificates, newToken, onReceiver } from "../fixes.ts";

type Facts = Pick<LabHostFacts, "probe" | "config" | "receiverIsHere" | "units">;

interface WayCheck {
  readonly layers: readonly Layer[];
  /** The layer that failed, and what mends it. */
  readonly fix: (failed: LayerReport, facts: Facts) => string;
}

/** Of the checks of the way only the one whose layer failed is red; what was not reached is not judged. */
function wayCheck(
  check: Omit<Check<Facts>, "judge">,
  { layers, fix }: WayCheck,
): Check<Facts> {
  return {
    ...check,
    judge: (facts): Finding => {
      const { probe, config } = facts;
      const evidence: Evidence = {
        receiver: config.receiver.url,
        layers: probe.layers.map(({ layer, state }) => `${layer}: ${state}`),
      };
      const failed = probe.layers.find(({ state }) => state === "failed");
      if (failed !== undefined && layers.includes(failed.layer)) {
        const cause = `${failed.layer}: ${failed.words}`;
        return { severity: "red", cause, fix: fix(failed, facts), evidence };
      }
      const mine = probe.layers.filter(({ layer, state }) =>
        layers.includes(layer) && state === "ok"
      );
      const cause = mine.at(-1)?.words ??
        (failed === undefined ? "not used" : `not tried, since this fails: ${failed.layer}`);
      // What was not reached has a red row above it, or, where a proxy answers for the receiver, below.
      return { severity: "green", cause, evidence };
    },
  };
}

const HERE = ["receiver-down", "receiver-silent"];

export const REACHABLE = wayCheck({
  code: "receiver-unreachable",
  title: "way to receiver",
  dependsOn: ["configuration-bad"],
  dependsOnReceiverHere: HERE,
  means:
    "The receiver's name has no address, nothing accepts a connection there, or TLS fails before this host is asked who it is.",
  comes:
    "The network or the WireGuard tunnel is down, the name is not known, or the proxy on the receiver does not run.",
  mend: "The row names the layer. `cis490 ping` shows all of them with their times.",
}, {
  layers: ["name", "tcp", "tls"],
  fix: (failed, facts) => {
    const { config } = facts;
    const { hostname, protocol } = new URL(config.receiver.url);
    if (failed.layer === "name") return `sudoedit /etc/hosts   # a line: ADDRESS ${hostname}`;
    if (failed.layer === "tls") {
      return onReceiver(facts, "sudo systemctl restart caddy   # or its certificate: docs/pki.md");
    }
    const tunnel = findBrokenTunnel(facts);
    if (tunnel !== undefined) return `sudo systemctl restart ${tunnel}`;
    // Somebody is there, and no program listens.
    if (/refused/i.test(failed.words)) {
      const proxy = protocol === "https:" ? "caddy cis490-receiver" : "cis490-receiver";
      return onReceiver(facts, `sudo systemctl restart ${proxy}`);
    }
    return `ping -c 3 ${hostname}; ip route get ${hostname}; sudo wg show`;
  },
});

/** A WireGuard tunnel of this host that should be up and is not. */
function findBrokenTunnel({ units }: Pick<Facts, "units">): string | undefined {
  if (units.kind === "unseen") return undefined;
  return [...units.value.values()].find(({ name, activeState, fileState }) =>
    name.startsWith("wg-quick@") &&
    (activeState === "failed" || (activeState === "inactive" && fileState.startsWith("enabled")))
  )?.name;
}

export const CERTIFICATE_REFUSED = wayCheck({
  code: "certificate-refused",
  title: "certificate",
  dependsOn: ["certificate-not-ready", "receiver-unreachable"],
  means: "The receiver's proxy does not accept this host's certificate.",
  comes:
    "It was issued by another authority than the one the receiver trusts now, or expired by the receiver's clock.",
  mend:
    "The printed command fetches this host's certificate from the receiver's authority. If that one is refused too, the proxy " +
    "has other authorities loaded: `sudo systemctl reload caddy` there.",
}, {
  layers: ["certificate"],
  fix: (_, facts) => bringCertificates(facts, { renew: false }),
});

export const TOKEN_REFUSED = wayCheck({
  code: "token-refused",
  title: "token",
  dependsOn: ["token-not-ready", "certificate-refused"],
  means:
    "The receiver does not know the token, or certificate, token and `host_id` do not name the same host.",
  comes:
    "The token was revoked, the receiver's tokens file was lost, or files of another host were copied here.",
  mend:
    "Where only the token is wrong, the printed command replaces it. Where certificate and token are of two hosts, it " +
    "fetches this host's certificate first; if `host_id` itself is wrong, set it right in lab-host.toml.",
}, {
  layers: ["token"],
  fix: (failed, facts) =>
    isOtherHost(failed) && facts.config.receiver.certificates !== undefined
      ? bringCertificates(facts, { renew: false })
      : newToken(facts),
});

/** The receiver's 403: a token that it knows, and another name in the certificate or the path. */
function isOtherHost({ words }: LayerReport): boolean {
  return /same host/.test(words);
}

export const RECEIVER_REFUSES = wayCheck({
  code: "receiver-refuses",
  title: "receiver",
  dependsOn: ["token-refused"],
  dependsOnReceiverHere: ["store-full", "receiver-not-ready"],
  means:
    "The way is open and this host is known, but the receiver would take nothing now: it is full, has no window yet, or " +
    "something else answers in its place.",
  comes:
    "The receiver's disk is below its reserve, Forgejo and its repository can't be read, or the proxy reaches no receiver.",
  mend:
    "What is wrong is found on the receiver: the printed command is run from here, and its first row says how to go on. " +
    "Everything stays on this host until then.",
}, {
  layers: ["receiver"],
  fix: (failed, facts) =>
    /50[24]/.test(failed.words)
      ? onReceiver(facts, "sudo systemctl restart cis490-receiver")
      : onReceiver(facts, "sudo cis490 doctor --role receiver"),
});
