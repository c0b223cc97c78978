/** From quarantine back into the queue, and away for good, on real files with a fake receiver. */
import assert from "node:assert/strict";
import {
  discardQuarantined,
  type Handled,
  listQuarantined,
  quarantine,
  retryQuarantined,
  type Returned,
} from "../../lib/queue/mod.ts";
import { readTree } from "../../lib/episode/mod.ts";
import { fileLocks, FsError } from "../../lib/sys/mod.ts";
import { idOf, Lab, type LabOptions, libc, refusal, unreachable } from "../shipper/lab.ts";
import { operator } from "./operator.ts";
import { snapshot } from "./snapshot.ts";

async function retry(lab: Lab, names: string[], dryRun = false): Promise<Handled<Returned>[]> {
  return await Array.fromAsync(retryQuarantined(operator(lab), names, { dryRun }));
}

/** What became of each, in a word. */
async function retryWords(lab: Lab, ...names: string[]): Promise<string[]> {
  const all = await retry(lab, names);
  return all.map((one) => one.kind === "done" ? one.done : one.kind);
}

/** A lab with these episodes in quarantine. */
async function quarantined(ids: string[], options: LabOptions = {}): Promise<Lab> {
  const lab = await Lab.open(options);
  lab.receiver.answer = () => refusal("bad-meta");
  for (const id of ids) await lab.record(id);
  await lab.pass();
  lab.receiver.answer = () => undefined;
  return lab;
}

const historyOf = (lab: Lab, name: string) =>
  [...Deno.readDirSync(`${lab.dir}/quarantine/${name}`)].map((entry) => entry.name)
    .filter((name) => name.startsWith("history-"));

Deno.test("a retried episode starts afresh, packs to the same digest, and keeps its history", async () => {
  await using lab = await quarantined(["a"]);
  assert.deepEqual(await retryWords(lab, "a"), ["returned"]);
  assert.deepEqual(lab.faults(), []);
  await lab.pass();
  const [first, second] = lab.receiver.uploads;
  assert.equal(first?.episodeDigest, second?.episodeDigest);
  assert.equal(lab.packs, 2);
  assert.equal(lab.readJson("shipped/a/receipt.json")["tries"], 1);
  const [history] = historyOf(lab, "a");
  assert.equal(lab.readJson(`quarantine/a/${history}`)["code"], "bad-meta");
  assert.deepEqual(lab.faults(), []);
});

Deno.test("what a killed process left of it in the outbox is neither sent nor counted", async () => {
  await using lab = await Lab.open();
  await lab.record("a");
  lab.receiver.answer = () => refusal("internal");
  await lab.pass();
  const left = ["a.json", "a.tar.zst"].map((name) => `${lab.dir}/outbox/${name}`);
  for (const path of left) await Deno.copyFile(path, `${lab.dir}/${path.split("/").at(-1)}`);
  lab.clock.movedMs += 60_000;
  lab.receiver.answer = () => refusal("bad-meta");
  await lab.pass();
  lab.receiver.answer = () => undefined;
  for (const path of left) await Deno.rename(`${lab.dir}/${path.split("/").at(-1)}`, path);
  assert.deepEqual(await retryWords(lab, "a"), ["returned"]);
  await lab.pass();
  assert.equal(lab.packs, 2);
  assert.equal(lab.readJson("shipped/a/receipt.json")["tries"], 1);
  assert.deepEqual(lab.faults(), []);
});

Deno.test("a shipper that remembers a verdict forgets it when the episode was out and came back", async () => {
  let isStuck = true;
  await using lab = await Lab.open({
    wrap: (fs) => ({
      ...fs,
      renameNoReplace: async (from, to) => {
        if (isStuck && to.includes("/quarantine/")) throw new FsError("rename", to, "EACCES");
        await fs.renameNoReplace(from, to);
      },
    }),
  });
  await lab.record("a");
  lab.receiver.answer = () => refusal("bad-meta");
  assert.equal((await lab.pass()).counts.stuck, 1);
  lab.receiver.answer = () => undefined;
  isStuck = false;
  // Its next try has not come; until then, and at that, the verdict that it knows would do.
  assert.equal((await lab.pass()).counts.stuck, 1);
  const disk = operator(lab);
  const { signature } = readTree(disk.fs, disk.layout.episode(idOf("a")));
  await quarantine(disk, {
    ...{ id: idOf("a"), signature, code: "given-up", detail: "by hand", atMs: 0, tries: 0 },
    ...{ status: undefined, problem: undefined, remediation: undefined, stamp: undefined },
    ...{ firstTryMs: undefined, lastTryMs: undefined, isClockChecked: false },
  });
  assert.deepEqual(await retryWords(lab, "a"), ["returned"]);
  assert.equal((await lab.pass()).counts.shipped, 1);
  assert.equal(lab.receiver.uploads.length, 2);
  assert.deepEqual(lab.faults(), []);
});

Deno.test("a name that is taken, held or not there is reported, and nothing of it changed", async () => {
  await using lab = await quarantined(["a", "b"]);
  lab.recorded.set("first", lab.recorded.get("a") ?? "");
  await lab.record("a", { other: "x" });
  const lock = fileLocks(libc).tryLock(lab.queue.layout.lock(idOf("b")), { remove: true });
  const before = await snapshot(`${lab.dir}/quarantine`);
  const words = await retryWords(lab, "a", "b", "c", "../episodes/a", ".locks");
  assert.deepEqual(words, ["taken", "busy", "gone", "gone", "gone"]);
  assert.equal(await snapshot(`${lab.dir}/quarantine`), before);
  lock?.release();
  assert.deepEqual(lab.faults(), []);
});

Deno.test("the outbox of an episode that took the name is not touched", async () => {
  await using lab = await quarantined(["a"]);
  lab.recorded.set("first", lab.recorded.get("a") ?? "");
  await lab.record("a", { other: "x" });
  lab.receiver.answer = () => unreachable;
  await lab.pass();
  const before = await snapshot(`${lab.dir}/outbox`);
  assert.match(before, /a\.tar\.zst/);
  assert.deepEqual(await retryWords(lab, "a"), ["taken"]);
  assert.equal(await snapshot(`${lab.dir}/outbox`), before);
});

Deno.test("a sibling goes back under its id, and into quarantine again beside the first", async () => {
  await using lab = await quarantined(["a"]);
  lab.recorded.set("first", lab.recorded.get("a") ?? "");
  await lab.record("a", { other: "x" });
  lab.receiver.answer = () => refusal("bad-meta");
  await lab.pass();
  assert.deepEqual(await retryWords(lab, "a~2", "a"), ["returned", "taken"]);
  assert.deepEqual(lab.existing("episodes/a/other"), ["episodes/a/other"]);
  await lab.pass();
  assert.deepEqual(lab.existing("quarantine/a~2/episode/other"), ["quarantine/a~2/episode/other"]);
  assert.deepEqual(lab.faults(), []);
});

Deno.test("a return that was begun is listed as such, and finished; so is one whose note is lost", async () => {
  await using lab = await quarantined(["a", "b"]);
  const place = `${lab.dir}/quarantine`;
  await Deno.rename(`${place}/a/quarantine_reason.json`, `${place}/a/history-1.json`);
  await Deno.remove(`${place}/b/quarantine_reason.json`);
  const listed = listQuarantined(lab.queue.fs, lab.queue.layout);
  assert.deepEqual(listed.map(({ code }) => code), ["half-returned", "unreadable"]);
  assert.equal(listed[0]?.remediation, "cis490 quarantine retry a");
  assert.deepEqual(await retryWords(lab, "a", "b"), ["returned", "returned"]);
  assert.deepEqual(lab.faults(), []);
  assert.equal((await lab.pass()).counts.shipped, 2);
});

Deno.test("somebody's file or link on a shelf keeps neither the shipper nor an operator from the others", async () => {
  await using lab = await quarantined(["a"]);
  for (const shelf of ["shipped", "quarantine"]) {
    await Deno.writeTextFile(`${lab.dir}/${shelf}/notes`, "why I did it");
    await Deno.symlink(`${lab.dir}/quarantine/a`, `${lab.dir}/${shelf}/link`);
  }
  const listed = listQuarantined(lab.queue.fs, lab.queue.layout);
  assert.deepEqual(listed.map(({ name }) => name), ["a"]);
  assert.deepEqual(await retryWords(lab, "notes", "link", "a"), ["gone", "gone", "returned"]);
  await lab.restart();
  assert.equal((await lab.pass()).counts.shipped, 1);
  assert.equal(await Deno.readTextFile(`${lab.dir}/quarantine/notes`), "why I did it");
});

Deno.test("a dry run of a retry decides the same and changes nothing", async () => {
  await using lab = await quarantined(["a", "b"]);
  lab.receiver.answer = () => refusal("bad-meta");
  await lab.record("a", { other: "x" });
  await lab.pass();
  lab.recorded.clear();
  await lab.record("b", { other: "x" });
  const before = await snapshot(lab.dir);
  const names = ["a", "a~2", "b", "c"];
  const planned = await retry(lab, names, true);
  assert.equal(await snapshot(lab.dir), before);
  assert.deepEqual(planned, await retry(lab, names));
});

async function discard(lab: Lab, names: string[], dryRun = false) {
  return await Array.fromAsync(discardQuarantined(operator(lab), names, { dryRun }));
}

Deno.test("what is removed is gone with its history, and the others stay", async () => {
  await using lab = await quarantined(["a", "b"]);
  lab.receiver.answer = () => refusal("bad-meta");
  await retry(lab, ["a"]);
  await lab.pass();
  // Cut short in an earlier removal of that name.
  await Deno.mkdir(`${lab.dir}/quarantine/.removed-a/episode`, { recursive: true });
  const before = await snapshot(lab.dir);
  const planned = await discard(lab, ["a", "c"], true);
  assert.equal(await snapshot(lab.dir), before);
  const sizeBytes = planned[0]?.kind === "done" ? planned[0].done.sizeBytes : 0;
  assert.deepEqual(planned, [
    { kind: "done", name: "a", done: { entries: 2, sizeBytes } },
    { kind: "gone", name: "c" },
  ]);
  assert.ok(sizeBytes > 50);
  assert.deepEqual(await discard(lab, ["a", "c"]), planned);
  assert.deepEqual([...Deno.readDirSync(`${lab.dir}/quarantine`)].map(({ name }) => name), ["b"]);
  lab.recorded.delete("a");
  assert.deepEqual(lab.faults(), []);
});

Deno.test("an episode in another hand is not removed", async () => {
  await using lab = await quarantined(["a"]);
  const lock = fileLocks(libc).tryLock(lab.queue.layout.lock(idOf("a")), { remove: true });
  assert.deepEqual(await discard(lab, ["a"]), [{ kind: "busy", name: "a" }]);
  lock?.release();
  assert.deepEqual(lab.faults(), []);
});
