/** Each rule on real files: its state is built, the rule is the one that decides, and its step leaves what it says. */
import assert from "node:assert/strict";
import {
  holds,
  type Look,
  lookAt,
  ruleFor,
  type RuleName,
  RULES,
  step,
} from "../../lib/queue/mod.ts";
import { idOf, Lab, refusal, unreachable } from "../shipper/lab.ts";

const ID = idOf("a");

async function packed(lab: Lab): Promise<void> {
  await lab.record("a");
  lab.receiver.answer = () => unreachable;
  await lab.pass();
  lab.receiver.answer = () => undefined;
  lab.shop.breaker.close();
}

async function halfMoved(lab: Lab, shelf: "shipped" | "quarantine"): Promise<void> {
  await lab.record("a");
  await lab.pass();
  await Deno.rename(`${lab.dir}/${shelf}/a/episode`, `${lab.dir}/episodes/a`);
}

const outbox = (lab: Lab, name: string) => `${lab.dir}/outbox/${name}`;

const BUILD: Readonly<Record<RuleName, (lab: Lab) => Promise<void> | void>> = {
  "nothing": () => {},
  "orphan": async (lab) => {
    await packed(lab);
    await Deno.remove(`${lab.dir}/episodes/a`, { recursive: true });
  },
  "half retired": (lab) => halfMoved(lab, "shipped"),
  "half quarantined": async (lab) => {
    lab.receiver.answer = () => refusal("bad-meta");
    await halfMoved(lab, "quarantine");
  },
  "torn partial": async (lab) => {
    await lab.record("a");
    await Deno.writeTextFile(outbox(lab, "a.tar.zst.partial"), "x");
  },
  "not due": async (lab) => {
    await lab.record("a");
    lab.receiver.answer = () => refusal("internal", 60_000);
    await lab.pass();
  },
  "archive without record": async (lab) => {
    await packed(lab);
    await Deno.remove(outbox(lab, "a.json"));
  },
  "archive of another": async (lab) => {
    await packed(lab);
    await lab.record("a", { late: "x" });
  },
  "archive not recorded": async (lab) => {
    await packed(lab);
    await Deno.truncate(outbox(lab, "a.tar.zst"), 10);
  },
  "not an episode yet": (lab) => Deno.mkdir(`${lab.dir}/episodes/a`),
  "not ready": async (lab) => void await lab.record("a"),
  "changed since the record": async (lab) => {
    await packed(lab);
    await Deno.remove(outbox(lab, "a.tar.zst"));
    await lab.record("a", { late: "x" });
  },
  "unfit": async (lab) => {
    const path = await lab.record("a");
    await Deno.symlink("..", `${path}/out`);
  },
  "packed": packed,
  "ready": async (lab) => {
    await lab.record("a");
    lab.receiver.answer = () => unreachable;
  },
};

function look(lab: Lab): Look {
  const nowMs = lab.clock.now();
  return lookAt(lab.queue, ID, ({ nextTryMs }) => nextTryMs === undefined || nextTryMs <= nowMs);
}

for (const rule of RULES) {
  Deno.test(`rule "${rule.name}" decides where it should, and leaves what it says`, async () => {
    const settleMs = rule.name === "not ready" ? 60_000 : 0;
    await using lab = await Lab.open({ settleMs });
    await BUILD[rule.name](lab);
    const before = look(lab);
    assert.equal(ruleFor(before.found).name, rule.name, JSON.stringify(before.found));
    const next = await step(lab.queue, before);
    if (next.kind === "job") await lab.pass();
    const { found } = look(lab);
    assert.ok(holds(rule.leaves, found), JSON.stringify(found));
    assert.equal(
      "event" in rule,
      lab.events.some(({ name }) => "event" in rule && name === rule.event),
    );
  });
}
