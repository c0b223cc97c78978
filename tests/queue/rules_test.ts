/** The table of rules as a whole: nothing is left open, nothing is there in vain. */
import assert from "node:assert/strict";
import { type Fact, FACTS, type Found, ruleFor, RULES } from "../../lib/queue/mod.ts";

function* combinations(): Generator<Found> {
  const facts = Object.keys(FACTS) as Fact[];
  const walk = function* (at: number, sofar: Partial<Found>): Generator<Found> {
    const fact = facts[at];
    if (fact === undefined) yield sofar as Found;
    else for (const value of FACTS[fact]) yield* walk(at + 1, { ...sofar, [fact]: value });
  };
  yield* walk(0, {});
}

Deno.test("every combination of facts has a rule, and every rule is reached", () => {
  const reached = new Map<string, number>();
  let count = 0;
  for (const found of combinations()) {
    const { name } = ruleFor(found);
    reached.set(name, (reached.get(name) ?? 0) + 1);
    count++;
  }
  assert.equal(count, Object.values(FACTS).reduce((all, values) => all * values.length, 1));
  assert.deepEqual([...reached.keys()].sort(), RULES.map(({ name }) => name).sort());
});

Deno.test("nothing of an episode that is there is swept", () => {
  for (const found of combinations()) {
    if (found.episode !== "gone") assert.notEqual(ruleFor(found).step, "sweep");
  }
});

Deno.test("a request is made only for an archive whose record fits the episode", () => {
  for (const found of combinations()) {
    const { step } = ruleFor(found);
    if (step !== "ship") continue;
    assert.deepEqual(
      [found.episode, found.unfinished, found.archive, found.record],
      ["ready", "nothing", "there", "packed"],
    );
  }
});

Deno.test("nothing is packed, moved or sent that may still be written to", () => {
  for (const found of combinations()) {
    if (found.episode !== "settling" && found.episode !== "no-meta") continue;
    const { step } = ruleFor(found);
    assert.ok(!["ship", "pack", "quarantine-unfit"].includes(step), `${step}`);
  }
});

Deno.test("a rule's name is used once", () => {
  assert.equal(new Set(RULES.map(({ name }) => name)).size, RULES.length);
});
