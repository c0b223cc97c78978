/** This machine's clock, against certificates, the receiver, and whoever keeps it. */
import type { LabHostFacts } from "../facts.ts";
import type { Check } from "../finding.ts";
import { ageInWords } from "../words.ts";

/** Beyond the first, logs of both ends are hard to lay side by side; beyond the second, nothing old is removed. */
const YELLOW_MS = 30_000;
const RED_MS = 600_000;

const FIX = "sudo timedatectl set-ntp true && sudo systemctl restart systemd-timesyncd";

export const CLOCK: Check<
  Pick<LabHostFacts, "certificates" | "probe" | "timekeeping">
> = {
  code: "clock-wrong",
  title: "clock",
  dependsOn: ["configuration-bad"],
  judge: ({ certificates, probe, timekeeping }) => {
    const { clockDifferenceMs: differenceMs } = probe;
    const evidence = {
      ...(differenceMs === undefined ? {} : { difference_ms: differenceMs }),
      ...(timekeeping === undefined ? {} : {
        ntp: timekeeping.isOn,
        synchronized: timekeeping.isSynchronized,
      }),
    };
    const preflight = certificates?.kind === "seen" ? certificates.value : undefined;
    if (preflight?.kind === "not-ready" && preflight.because === "early") {
      const cause = preflight.why.replace(/^certificate not ready: /, "");
      return { severity: "red", cause, fix: FIX, evidence };
    }
    const apartMs = Math.abs(differenceMs ?? 0);
    if (apartMs >= YELLOW_MS) {
      const way = (differenceMs ?? 0) > 0 ? "behind" : "ahead of";
      return {
        severity: apartMs < RED_MS ? "yellow" : "red",
        cause: `this host's clock is ${ageInWords(apartMs)} ${way} the receiver's`,
        fix: FIX,
        evidence,
      };
    }
    if (differenceMs !== undefined) {
      return { severity: "green", cause: "agrees with the receiver's", evidence };
    }
    if (timekeeping !== undefined && !timekeeping.isSynchronized) {
      const cause = timekeeping.isOn
        ? "time synchronization is on, and has reached no server yet"
        : "time synchronization is off, and no receiver could be asked";
      return { severity: "yellow", cause, fix: FIX, evidence };
    }
    const cause = timekeeping === undefined ? "nothing is known against it" : "is synchronized";
    return { severity: "green", cause, evidence };
  },
  means:
    "This host's clock is wrong: yellow when it is half a minute from the receiver's, red from ten minutes on, or when it " +
    "stands before a certificate's beginning.",
  comes:
    "A machine without a battery-backed clock booted without a network, or time synchronization was switched off.",
  mend:
    "The printed command switches synchronization on. Until the clock is right, certificates may look not valid yet or " +
    "expired, and nothing old is removed. Where chrony or ntpd keeps the time, restart that one.",
};
