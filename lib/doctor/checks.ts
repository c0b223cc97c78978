/**
 * All checks, in the order of causes: of two that are wrong, the one above is to be mended first, since the one below may come
 * of it or matters less. The order of the rows, what hides what, and docs/doctor.md come from this list.
 */
import { CLOCK } from "./checks/clock.ts";
import { CONFIGURATION } from "./checks/configuration.ts";
import { directoryCheck, readOnlyCheck, spaceCheck } from "./checks/disk.ts";
import { CERTIFICATE_EXPIRING, CERTIFICATES, TOKEN } from "./checks/identity.ts";
import { BUGS, JOURNAL, NOTHING_SENT, REFUSED, TRIES_FAILING } from "./checks/journal.ts";
import { QUARANTINE } from "./checks/quarantine.ts";
import { BACKLOG, IMMOVABLE, ORPHANS, STRANGERS, STUCK } from "./checks/queue.ts";
import { NOT_READY, PROXY, SILENT, TOKENS, WINDOW } from "./checks/receiver.ts";
import { unitChecks } from "./checks/unit.ts";
import { VERSION } from "./checks/version.ts";
import { CERTIFICATE_REFUSED, REACHABLE, RECEIVER_REFUSES, TOKEN_REFUSED } from "./checks/way.ts";
import { COMMIT_OUTSIDE, OUT_OF_WINDOW } from "./checks/window.ts";
import type { LabHostFacts, ReceiverFacts } from "./facts.ts";
import type { Check } from "./finding.ts";

export type RoleCheck =
  | (Check<LabHostFacts> & { readonly role: "lab-host" })
  | (Check<ReceiverFacts> & { readonly role: "receiver" });

function labHost(...checks: readonly Check<LabHostFacts>[]): RoleCheck[] {
  return checks.map((check) => ({ role: "lab-host", ...check }));
}

function receiver(...checks: readonly Check<ReceiverFacts>[]): RoleCheck[] {
  return checks.map((check) => ({ role: "receiver", ...check }));
}

const [SHIPPER_DOWN, SHIPPER_NOT_ENABLED, SHIPPER_RESTARTS] = unitChecks(
  "shipper",
  "cis490-ship.timer",
);
const [RECEIVER_DOWN, RECEIVER_NOT_ENABLED, RECEIVER_RESTARTS] = unitChecks("receiver");

export const CHECKS: readonly RoleCheck[] = [
  ...receiver(
    CONFIGURATION,
    directoryCheck("store-unusable", "store directory"),
    readOnlyCheck("store-read-only", ["store-unusable"]),
    spaceCheck("store-full", ["store-unusable", "store-read-only"], {
      stops: "nothing more is accepted",
    }),
    RECEIVER_DOWN,
    SILENT,
    PROXY,
    WINDOW,
    NOT_READY,
  ),
  ...labHost(
    CONFIGURATION,
    directoryCheck("data-dir-unusable", "data directory"),
    readOnlyCheck("data-dir-read-only", ["data-dir-unusable"]),
    spaceCheck("disk-full", ["data-dir-unusable", "data-dir-read-only"], {
      stops: "nothing more is packed",
    }),
    SHIPPER_DOWN,
    CLOCK,
    CERTIFICATES,
    TOKEN,
    REACHABLE,
    CERTIFICATE_REFUSED,
    TOKEN_REFUSED,
    RECEIVER_REFUSES,
    OUT_OF_WINDOW,
    COMMIT_OUTSIDE,
    JOURNAL,
    IMMOVABLE,
    STUCK,
    BUGS,
    REFUSED,
    NOTHING_SENT,
    TRIES_FAILING,
    CERTIFICATE_EXPIRING,
    QUARANTINE,
    SHIPPER_NOT_ENABLED,
    STRANGERS,
    BACKLOG,
    ORPHANS,
    SHIPPER_RESTARTS,
    VERSION,
  ),
  ...receiver(TOKENS, RECEIVER_NOT_ENABLED, RECEIVER_RESTARTS),
];
