/** The list of checks itself, and what examine() makes of it. */
import assert from "node:assert/strict";
import { CHECKS, examine, exitCodeOf, SEVERITIES, type Severity } from "../../lib/doctor/mod.ts";
import { ConfigError } from "../../lib/config/mod.ts";
import { labHostRows, layersUpTo, QUIET, unitsOf, wellLabHost, wellReceiver } from "./well.ts";

Deno.test("a code stands once in a role, and depends on codes above it", () => {
  const above = new Set<string>();
  for (const { role, code, dependsOn, dependsOnReceiverHere = [], means, comes, mend } of CHECKS) {
    assert.match(code, /^[a-z]+(-[a-z]+)*$/);
    assert(!above.has(`${role}/${code}`), code);
    for (const cause of dependsOn) assert(above.has(`${role}/${cause}`), `${code}: ${cause}`);
    for (const cause of dependsOnReceiverHere) assert(above.has(`receiver/${cause}`), cause);
    for (const words of [means, comes, mend]) assert.match(words, /^[A-Z`].*[.)]$/s, code);
    above.add(`${role}/${code}`);
  }
});

Deno.test("machines that are well are green in every row, and exit code 0", async () => {
  const rows = examine({
    labHost: { kind: "facts", facts: await wellLabHost() },
    receiver: { kind: "facts", facts: await wellReceiver() },
  });
  assert.deepEqual(rows.filter(({ severity }) => severity !== "green"), []);
  assert.equal(rows.length, CHECKS.length);
  assert(rows.every(({ fix }) => fix === undefined));
  assert.equal(exitCodeOf(rows), 0);
});

Deno.test("a bad configuration is its role's only row", async () => {
  const error = new ConfigError("/etc/cis490/lab-host.toml", [
    { line: 3, key: "x", what: "unknown key" },
    { line: 4, key: "y", what: "unknown key" },
  ]);
  const rows = examine({
    labHost: { kind: "bad-configuration", error },
    receiver: { kind: "facts", facts: await wellReceiver() },
  });
  const labHost = rows.filter(({ role }) => role === "lab-host");
  assert.deepEqual(labHost.map(({ code }) => code), ["configuration-bad"]);
  assert.equal(rows[0]?.cause, "/etc/cis490/lab-host.toml:3: x: unknown key (and 1 more)");
  assert.equal(
    rows[0]?.fix,
    "sudoedit /etc/cis490/lab-host.toml && sudo systemctl restart cis490-shipper",
  );
  assert.equal(
    labHost[0]?.hides.length,
    CHECKS.filter(({ role }) => role === "lab-host").length - 1,
  );
  assert.equal(exitCodeOf(rows), 2);
});

Deno.test("a configuration that this user may not read is unseen, and says how to see it", () => {
  const fault = { line: undefined, key: "", what: "this user may not read it" };
  const error = new ConfigError("/etc/cis490/lab-host.toml", [fault], "denied");
  const rows = examine({ labHost: { kind: "bad-configuration", error } });
  assert.deepEqual(rows.map(({ severity, fix }) => [severity, fix]), [
    ["unseen", "sudo cis490 doctor"],
  ]);
  assert.equal(exitCodeOf(rows), 3);
});

Deno.test("what comes of another cause is folded under it, link by link", async () => {
  const rows = await labHostRows({
    probe: {
      ok: false,
      layers: layersUpTo("name", "pi has no address"),
      addresses: [],
      pong: undefined,
      clockDifferenceMs: undefined,
    },
    window: undefined,
    journal: { kind: "seen", value: { ...QUIET, failing: [said("unreachable")] } },
  });
  const [first] = rows;
  assert.equal(first?.code, "receiver-unreachable");
  assert.equal(first?.cause, "name: pi has no address");
  for (
    const code of ["certificate-refused", "token-refused", "receiver-refuses", "tries-failing"]
  ) {
    assert(first?.hides.includes(code), code);
    assert(!rows.some((row) => row.code === code), code);
  }
});

Deno.test("nothing is folded under what is only yellow", async () => {
  const rows = await labHostRows({
    units: unitsOf({ fileState: "disabled" }),
    journal: { kind: "seen", value: { ...QUIET, refused: [said("unstamped")] } },
  });
  assert.deepEqual(rows.flatMap(({ hides }) => hides), []);
});

Deno.test("red comes before unseen, before yellow, before green, and within each the list's order", async () => {
  const rows = await labHostRows({
    units: unitsOf({ fileState: "disabled" }),
    journal: { kind: "unseen", why: { code: "denied", words: "no" } },
    token: "good",
    space: { freeBytes: 0, totalBytes: 1 },
  });
  const ranks = rows.map(({ severity }) => SEVERITIES.indexOf(severity));
  assert.deepEqual(ranks, ranks.toSorted((a, b) => a - b));
  for (const severity of SEVERITIES) {
    const places = rows.filter((row) => row.severity === severity)
      .map(({ code }) =>
        CHECKS.findIndex((check) => check.role === "lab-host" && check.code === code)
      );
    assert.deepEqual(places, places.toSorted((a, b) => a - b));
  }
  assert.deepEqual(rows.slice(0, 3).map(({ code }) => code), [
    "disk-full",
    "journal-unreadable",
    "shipper-not-enabled",
  ]);
});

Deno.test("the exit code is the worst row's", () => {
  const of = (...severities: Severity[]) =>
    exitCodeOf(severities.map((severity) => ({ severity })));
  assert.equal(of("green"), 0);
  assert.equal(of("green", "yellow"), 1);
  assert.equal(of("unseen", "yellow"), 3);
  assert.equal(of("yellow", "red", "unseen"), 2);
});

function said(code: string) {
  return {
    count: 1,
    code,
    status: 400,
    detail: "why",
    remediation: undefined,
    atMs: 0,
    ids: ["a"],
  };
}
