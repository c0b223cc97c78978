import assert from "node:assert/strict";
import type { Outcome } from "./outcomes.ts";
import { createReminders } from "./reminders.ts";
import { Tally } from "./result.ts";

const counts = new Tally().take({
  strangers: { count: 0, paths: [] },
  swept: 0,
  stopped: undefined,
  oldestMs: undefined,
  ms: 0,
}).counts;
const away: Outcome = {
  outcome: "transient",
  code: "unreachable",
  detail: "refused",
  scope: "receiver",
};

function setUp() {
  const time = { mono: 0 };
  const said: [minute: number, name: string, fields: object][] = [];
  const remind = createReminders(
    { monotonic: () => time.mono },
    (name, fields) => void said.push([time.mono / 60_000, name, fields]),
  );
  const pass = (minute: number, held: number, stopped?: Outcome) => {
    time.mono = minute * 60_000;
    remind({ counts: { ...counts, held }, stopped });
  };
  return { said, pass };
}

Deno.test("held: at once, every five minutes, and once when none is any more", () => {
  const { said, pass } = setUp();
  for (let minute = 0; minute <= 12; minute++) pass(minute, minute < 12 ? 3 : 0);
  pass(13, 0);
  assert.deepEqual(said, [
    [0, "held", { count: 3 }],
    [5, "held", { count: 3 }],
    [10, "held", { count: 3 }],
    [12, "held", { count: 0 }],
  ]);
});

Deno.test("while nothing is sent, that is said every five minutes, however rarely the receiver is asked", () => {
  const { said, pass } = setUp();
  for (let minute = 0; minute <= 12; minute++) pass(minute, 0, away);
  pass(13, 0);
  pass(14, 0, away);
  assert.deepEqual(said.map(([minute, name]) => [minute, name]), [
    [5, "nothing-sent"],
    [10, "nothing-sent"],
  ]);
  assert.deepEqual(said[1]?.[2], {
    since_s: 600,
    code: "unreachable",
    detail: "refused",
    remediation: undefined,
  });
});
