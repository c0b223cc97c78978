import assert from "node:assert/strict";
import type { EpisodeId } from "../episode/mod.ts";
import { thinLog } from "../events/mod.ts";
import { Breaker } from "./breaker.ts";
import type { Outcome } from "./outcomes.ts";

const id = (text: string) => text as EpisodeId;

function transient(code: string, status: number | undefined, scope: Outcome["scope"]): Outcome {
  return { outcome: "transient", code, detail: code, status, scope };
}
const away = transient("unreachable", undefined, "receiver");
const failed = transient("internal", 500, "episode");

function setUp() {
  const time = { mono: 0 };
  const said: string[] = [];
  const clock = { monotonic: () => time.mono };
  const { log } = thinLog(clock, (name) => void said.push(name));
  return { time, said, breaker: new Breaker(clock, () => 0.5, log) };
}

Deno.test("an outage opens it; it is said once, and when it is over, with what was left out", () => {
  const { breaker, said } = setUp();
  for (let at = 0; at < 5; at++) breaker.note(away, id("a"));
  assert.equal(breaker.reason?.code, "unreachable");
  assert.deepEqual(said, ["receiver-away"]);
  breaker.close();
  breaker.close();
  assert.equal(breaker.reason, undefined);
  assert.deepEqual(said, ["receiver-away", "receiver-away", "receiver-back"]);
});

Deno.test("the wait for a probe grows from outage to outage, and begins anew after an answer", () => {
  const { breaker, time } = setUp();
  breaker.note(away);
  assert.equal(breaker.probeInMs, 2_500);
  time.mono = 2_500;
  assert.equal(breaker.probeInMs, 0);
  breaker.note(away);
  assert.equal(breaker.probeInMs, 5_000);
  breaker.probed();
  breaker.note(away);
  assert.equal(breaker.probeInMs, 10_000, "a ping alone does not shorten it");
  breaker.close();
  breaker.note(away);
  assert.equal(breaker.probeInMs, 2_500);
});

Deno.test("bytes that got through begin the wait anew, though the connection is cut again and again", () => {
  const { breaker } = setUp();
  for (let cut = 0; cut < 50; cut++) {
    breaker.note(away, id("a"));
    assert.equal(breaker.probeInMs, 2_500);
    breaker.probed();
    breaker.moved();
  }
});

Deno.test("this host's own files are looked at every few seconds, and each fault is news", () => {
  const { breaker, said, time } = setUp();
  const fault = (detail: string): Outcome => ({ ...away, detail, isLocal: true });
  for (let look = 0; look < 20; look++) {
    breaker.note(fault(look < 10 ? "is missing" : "is half written"));
    assert.equal(breaker.probeInMs, 5_000);
    time.mono += 5_000;
  }
  assert.equal(said.length, 2);
  breaker.note(away);
  assert.ok((breaker.probeInMs ?? 0) < 5_000, "the backoff of requests has not begun");
});

Deno.test("three different episodes that fail in a row open it; one that fails thrice does not", () => {
  const { breaker } = setUp();
  for (let at = 0; at < 9; at++) breaker.note(failed, id("a"));
  breaker.note(failed, id("b"));
  assert.equal(breaker.probeInMs, undefined);
  breaker.note(failed, id("c"));
  assert.equal(breaker.reason?.code, "internal");
});

Deno.test("an episode that gets through ends the row", () => {
  const { breaker } = setUp();
  const held: Outcome = { outcome: "held", code: "out-of-window", detail: "", scope: "episode" };
  for (const name of ["a", "b"]) breaker.note(failed, id(name));
  breaker.note(held, id("c"));
  for (const name of ["d", "e"]) breaker.note(failed, id(name));
  assert.equal(breaker.reason, undefined);
});

Deno.test("verifying and commit-unknown never open it", () => {
  const { breaker } = setUp();
  for (let at = 0; at < 9; at++) {
    breaker.note(transient("verifying", 503, "episode"), id(`v${at}`));
    breaker.note(transient("commit-unknown", 503, "episode"), id(`c${at}`));
  }
  assert.equal(breaker.reason, undefined);
});
