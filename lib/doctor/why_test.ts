import assert from "node:assert/strict";
import { findEpisodeId } from "../episode/mod.ts";
import { parseRecord } from "../queue/mod.ts";
import type { Story } from "./look/story.ts";
import { explain } from "./why.ts";

const NOW_MS = Date.parse("2026-03-01T12:00:00Z");
const MINUTE_MS = 60_000;

function id() {
  const found = findEpisodeId("a");
  assert(found);
  return found;
}

const UNKNOWN: Story = {
  id: id(),
  queuedMs: undefined,
  stranger: undefined,
  record: undefined,
  archiveBytes: undefined,
  isPacking: false,
  shipped: [],
  quarantined: [],
  journal: { kind: "seen", value: [] },
};

function tried(outcome: string, nextTryMs: number | undefined): Story {
  const record = parseRecord(JSON.stringify({
    format: 1,
    id: "a",
    signature: "0".repeat(64),
    stamp: null,
    packed: null,
    tries: 3,
    first_try: null,
    last_try: null,
    next_try: nextTryMs === undefined ? null : new Date(nextTryMs).toISOString(),
    last: { outcome, code: "busy", detail: "too many" },
  }));
  assert(record);
  return { ...UNKNOWN, queuedMs: NOW_MS - 5 * MINUTE_MS, record };
}

const QUARANTINED = {
  name: "a",
  code: "unstamped",
  detail: "no commit",
  remediation: undefined,
  atMs: NOW_MS,
  complete: true,
};

Deno.test("each outcome has its own next step", () => {
  const fixOf = (outcome: string) => explain(tried(outcome, undefined), NOW_MS).fix ?? "";
  assert.match(fixOf("held"), /install-lab-host/);
  assert.equal(fixOf("stuck"), "sudo cis490 doctor");
  assert.equal(fixOf("paused"), "sudo cis490 doctor");
  assert.equal(fixOf("transient"), "sudo cis490 ship --now");
});

Deno.test("how long it waits, for what, and until when", () => {
  assert.equal(
    explain(tried("transient", NOW_MS + 3 * MINUTE_MS), NOW_MS).words,
    "in the queue for 5 min, transient (busy): too many; next try in 3 min, 2026-03-01T12:03:00.000Z",
  );
  assert.match(explain(tried("transient", NOW_MS - 1), NOW_MS).words, /; due now$/);
});

Deno.test("the queue counts before the shelves, and quarantine before shipped", () => {
  const shipped = [{ name: "a", atMs: NOW_MS - MINUTE_MS, digest: "d", tries: 1 }];
  const placeOf = (story: Partial<Story>) => explain({ ...UNKNOWN, ...story }, NOW_MS).place;
  assert.equal(placeOf({}), "nowhere");
  assert.equal(placeOf({ shipped }), "shipped");
  assert.equal(placeOf({ shipped, quarantined: [QUARANTINED] }), "quarantine");
  assert.equal(placeOf({ shipped, quarantined: [QUARANTINED], queuedMs: NOW_MS }), "queue");
});

Deno.test("a file in the queue is no episode that waits", () => {
  const { place, words } = explain({ ...UNKNOWN, stranger: "symlink" }, NOW_MS);
  assert.equal(place, "nowhere");
  assert.match(words, /is a symlink, can be no episode/);
});

Deno.test("from quarantine it goes back once its cause is mended", () => {
  const quarantined = [QUARANTINED];
  assert.equal(
    explain({ ...UNKNOWN, quarantined }, NOW_MS).fix,
    "sudo cis490 quarantine retry a",
  );
});
