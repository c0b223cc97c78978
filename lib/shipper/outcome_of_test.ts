import assert from "node:assert/strict";
import { ArchiveError } from "../archive/mod.ts";
import { FsError } from "../sys/mod.ts";
import { PROBLEM_NAMES, type ProblemName, problemOf, problemRow } from "../wire/mod.ts";
import { outcomeOf, outcomeOfError } from "./outcome_of.ts";

function refused(name: ProblemName) {
  return outcomeOf({ kind: "refused", name, problem: problemOf(name), retryAfterMs: 7 });
}

function foreign(status: number) {
  return outcomeOf({ kind: "foreign", status, why: "HTML", retryAfterMs: undefined });
}

Deno.test("every problem has an outcome, with its name, status and remediation", () => {
  for (const name of PROBLEM_NAMES) {
    const outcome = refused(name);
    assert.equal(outcome.code, name);
    assert.equal(outcome.status, problemRow(name).status);
    assert.equal(outcome.remediation, problemRow(name).remediation);
    assert.equal(outcome.retryAfterMs, 7);
  }
});

Deno.test("only outages and answers about the host speak of the receiver as a whole", () => {
  const whole = PROBLEM_NAMES.filter((name) => refused(name).scope === "receiver");
  for (const name of ["busy", "too-many-uploads", "window-unknown", "unauthorized"] as const) {
    assert.ok(whole.includes(name), name);
  }
  for (const name of ["verifying", "commit-unknown", "internal", "out-of-window"] as const) {
    assert.ok(!whole.includes(name), name);
  }
});

Deno.test("an answer of somebody else is never stored, fatal or held", () => {
  for (let status = 200; status < 600; status++) {
    const { outcome } = foreign(status);
    const isTransient = [408, 425, 429].includes(status) || status >= 500;
    assert.equal(outcome, isTransient ? "transient" : "paused", `${status}`);
  }
  assert.equal(foreign(200).scope, "receiver");
  assert.equal(foreign(503).scope, "receiver");
  assert.equal(foreign(500).scope, "episode");
});

Deno.test("certificates that are not ready are named so", () => {
  const of = (layer: "certificate" | "token", local?: true) =>
    outcomeOf({ kind: "unreachable", layer, why: "none yet", ...(local ? { local } : {}) });
  assert.equal(of("certificate", true).code, "certificate-not-ready");
  assert.equal(of("token", true).code, "token-not-ready");
  assert.equal(of("certificate").code, "certificate-refused");
  assert.deepEqual([of("token", true).isLocal, of("certificate").isLocal], [true, undefined]);
});

Deno.test("errors of this host", () => {
  const of = (errno: string, stage: "pack" | "move") =>
    outcomeOfError(new FsError("rename", "/x", errno), stage, "/d")?.outcome;
  assert.equal(of("EACCES", "pack"), "stuck");
  assert.equal(of("ENOSPC", "pack"), "transient");
  assert.equal(of("ENOSPC", "move"), "stuck");
  assert.equal(of("EROFS", "move"), "stuck");
  assert.equal(of("EMFILE", "move"), "transient");
  assert.equal(of("ENOENT", "pack"), "changed");
  assert.equal(outcomeOfError(new ArchiveError("gone", "", "x"), "pack", "/d")?.outcome, "gone");
  assert.equal(outcomeOfError(new ArchiveError("unfit", "a", "x"), "pack", "/d")?.outcome, "fatal");
  assert.equal(outcomeOfError(new TypeError("bug"), "pack", "/d"), undefined);
});
