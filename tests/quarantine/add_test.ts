/** What an operator gives up by hand, by name or because it is held for too long. */
import assert from "node:assert/strict";
import {
  type GivenUp,
  listEpisodes,
  renounce,
  renounceHeld,
  type RenounceOptions,
} from "../../lib/queue/mod.ts";
import { fileLocks } from "../../lib/sys/mod.ts";
import { idOf, Lab, libc, OTHER_STAMP, STAMP, unreachable } from "../shipper/lab.ts";
import { operator } from "./operator.ts";
import { snapshot } from "./snapshot.ts";

const HOUR_MS = 3_600_000;
const OPTIONS: RenounceOptions = { dryRun: false, settleMs: 0 };

async function kinds(results: AsyncIterable<GivenUp>): Promise<Record<string, string>> {
  const all = await Array.fromAsync(results);
  return Object.fromEntries(all.map(({ id, kind }) => [id, kind]));
}

const add = (lab: Lab, names: string[], options: Partial<RenounceOptions> = {}) =>
  kinds(renounce(operator(lab), names, { ...OPTIONS, ...options }));

const addHeld = (lab: Lab, heldForMs: number, options: Partial<RenounceOptions> = {}) => {
  const { ids } = listEpisodes(lab.queue);
  return kinds(renounceHeld(operator(lab), ids, { ...OPTIONS, heldForMs, ...options }));
};

Deno.test("what is given up by name goes to quarantine with what was known of it, without its archive", async () => {
  await using lab = await Lab.open();
  await lab.record("a");
  await lab.record("fresh");
  lab.receiver.answer = () => unreachable;
  await lab.pass();
  await lab.record("fresh2");
  assert.deepEqual(await add(lab, ["a", "fresh2", "none", "a~2", "../a"]), {
    a: "quarantined",
    fresh2: "quarantined",
    none: "gone",
    "a~2": "gone",
    "../a": "gone",
  });
  const reason = lab.readJson("quarantine/a/quarantine_reason.json");
  assert.equal(reason["code"], "given-up");
  assert.equal(reason["stamp"], STAMP);
  assert.deepEqual(lab.existing("outbox/a.tar.zst", "outbox/a.json"), []);
  assert.deepEqual(lab.faults(), []);
});

Deno.test("of those that are held, the ones that were so for long enough are given up", async () => {
  await using lab = await Lab.open();
  await lab.record("old", {}, OTHER_STAMP);
  await lab.pass();
  lab.clock.movedMs += 10 * HOUR_MS;
  await lab.record("young", {}, OTHER_STAMP);
  lab.receiver.answer = () => unreachable;
  await lab.record("good");
  await lab.pass();
  lab.clock.movedMs += HOUR_MS;
  const kept = { old: "kept", young: "kept", good: "kept" };
  assert.deepEqual(await addHeld(lab, 24 * HOUR_MS), kept);
  assert.deepEqual(await addHeld(lab, 10 * HOUR_MS), { ...kept, old: "quarantined" });
  const reason = lab.readJson("quarantine/old/quarantine_reason.json");
  assert.equal(reason["code"], "given-up");
  assert.equal(reason["tries"], 2);
  assert.match(`${reason["detail"]}`, /its last try: commit bbbbbbbbbbbb is not/);
  assert.deepEqual(await addHeld(lab, 0), { young: "quarantined", good: "kept" });
  assert.deepEqual(lab.faults(), []);
});

Deno.test("one that changed lately, or since it was held, stays", async () => {
  await using lab = await Lab.open();
  await lab.record("a", {}, OTHER_STAMP);
  await lab.pass();
  assert.deepEqual(await add(lab, ["a"], { settleMs: HOUR_MS }), { a: "kept" });
  assert.deepEqual(await addHeld(lab, 0, { settleMs: HOUR_MS }), { a: "kept" });
  lab.clock.movedMs += HOUR_MS;
  await lab.record("a", { late: "x" }, OTHER_STAMP);
  assert.deepEqual(await addHeld(lab, 0), { a: "kept" });
  assert.deepEqual(await add(lab, ["a"]), { a: "quarantined" });
  assert.deepEqual(lab.faults(), []);
});

Deno.test("one that a shipper has in hand is reported, not waited for", async () => {
  await using lab = await Lab.open();
  await lab.record("a");
  const lock = fileLocks(libc).tryLock(lab.queue.layout.lock(idOf("a")), { remove: true });
  assert.deepEqual(await add(lab, ["a"]), { a: "busy" });
  lock?.release();
  assert.deepEqual(lab.faults(), []);
});

Deno.test("one that the receiver has acknowledged is left to be retired", async () => {
  await using lab = await Lab.open();
  await lab.record("a");
  await lab.pass();
  // As if the kill had come between the receipt and the move.
  await Deno.rename(`${lab.dir}/shipped/a/episode`, `${lab.dir}/episodes/a`);
  assert.deepEqual(await add(lab, ["a"]), { a: "kept" });
  await lab.restart();
  await lab.pass();
  assert.deepEqual(lab.existing("shipped/a/episode"), ["shipped/a/episode"]);
  assert.deepEqual(lab.faults(), []);
});

Deno.test("a dry run of giving up decides the same and changes nothing", async () => {
  await using lab = await Lab.open();
  for (const id of ["a", "b"]) await lab.record(id, {}, OTHER_STAMP);
  await lab.pass();
  await add(lab, ["a"]);
  await lab.record("a", { other: "x" }, OTHER_STAMP);
  await lab.pass();
  const plan = async (dryRun: boolean) => {
    const options = { ...OPTIONS, dryRun, heldForMs: 0 };
    return [
      ...await Array.fromAsync(renounce(operator(lab), ["a", "none"], options)),
      ...await Array.fromAsync(renounceHeld(operator(lab), [idOf("b")], options)),
    ].map((one) => one.kind === "quarantined" ? `${one.id} as ${one.name}` : one.kind);
  };
  const before = await snapshot(lab.dir);
  const planned = await plan(true);
  assert.equal(await snapshot(lab.dir), before);
  assert.deepEqual(planned, ["a as a~2", "gone", "b as b"]);
  assert.deepEqual(await plan(false), planned);
});

Deno.test("what a killed command left without a reason is removed at the next start, what has one is not", async () => {
  await using lab = await Lab.open();
  await lab.record("a", {}, OTHER_STAMP);
  await lab.record("b", {}, OTHER_STAMP);
  await lab.pass();
  assert.deepEqual(await add(lab, ["b"]), { b: "quarantined" });
  for (const name of ["a", "b~2", "c"]) await Deno.mkdir(`${lab.dir}/quarantine/${name}`);
  await Deno.writeTextFile(`${lab.dir}/quarantine/c/history-1.json`, "{}");
  for (const name of ["a", "c"]) {
    await Deno.writeTextFile(`${lab.dir}/quarantine/${name}/quarantine_reason.json.new`, "{");
  }
  const lock = fileLocks(libc).tryLock(lab.queue.layout.lock(idOf("b")), { remove: true });
  await lab.restart();
  await lab.pass();
  assert.deepEqual(
    lab.existing("quarantine/a", "quarantine/b", "quarantine/b~2", "quarantine/c"),
    ["quarantine/b", "quarantine/b~2", "quarantine/c"],
  );
  lock?.release();
  await lab.restart();
  await lab.pass();
  assert.deepEqual(lab.existing("quarantine/b~2"), []);
  assert.deepEqual(lab.faults(), []);
});
