/** What is old leaves the disk, by whose word, and what never does. */
import assert from "node:assert/strict";
import type { Digest } from "../../lib/episode/mod.ts";
import { runPass } from "../../lib/shipper/mod.ts";
import { FsError, systemClock } from "../../lib/sys/mod.ts";
import { Lab, type LabOptions, refusal, unreachable } from "./lab.ts";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const RETENTION = { quarantineKeepMs: 30 * DAY_MS, shippedKeepMs: 7 * DAY_MS, intervalMs: HOUR_MS };

/** A lab that removes what is old, with a receiver whose clock agrees. */
async function open(options: LabOptions = {}): Promise<Lab> {
  const lab = await Lab.open({ retention: RETENTION, ...options });
  lab.receiver.isAwake = true;
  lab.receiver.now = lab.clock.now;
  return lab;
}

/** With one episode in shipped/ and one in quarantine/. */
async function filled(options: LabOptions = {}): Promise<Lab> {
  const lab = await open(options);
  await lab.record("good");
  await lab.record("bad");
  lab.receiver.answer = ({ id }) => id === "bad" ? refusal("bad-meta") : undefined;
  await lab.pass();
  return lab;
}

const SHELVES = ["shipped/good", "quarantine/bad"];

Deno.test("each shelf keeps its days, and every removal is logged", async () => {
  await using lab = await filled();
  for (const [days, left] of [[6, SHELVES], [2, ["quarantine/bad"]], [21, ["quarantine/bad"]]]) {
    lab.clock.movedMs += Number(days) * DAY_MS;
    await lab.pass();
    assert.deepEqual(lab.existing(...SHELVES), left);
  }
  assert.deepEqual(lab.receiver.asked, ["good"]);
  lab.clock.movedMs += 2 * DAY_MS;
  await lab.pass();
  assert.deepEqual(lab.existing(...SHELVES), []);
  assert.deepEqual(lab.named("pruned").map((fields) => "place" in fields && fields.place), SHELVES);
  assert.deepEqual([...Deno.readDirSync(`${lab.dir}/shipped`)], []);
});

Deno.test("nought keeps for ever", async () => {
  const retention = { ...RETENTION, quarantineKeepMs: undefined, shippedKeepMs: undefined };
  await using lab = await filled({ retention });
  lab.clock.movedMs += 4000 * DAY_MS;
  await lab.pass();
  assert.deepEqual(lab.existing(...SHELVES), SHELVES);
  assert.deepEqual(lab.faults(), []);
});

Deno.test("a shelf is looked through once an interval, also by a process that is started again and again", async () => {
  let looks = 0;
  await using lab = await filled({
    wrap: (fs) => ({
      ...fs,
      list: (path) => (path.endsWith("/quarantine") && looks++, fs.list(path)),
    }),
  });
  // A process looks for what the one before it left half done: at names, twice.
  const once = 2;
  const before = looks;
  for (let at = 0; at < 5; at++) {
    await lab.pass();
    lab.clock.movedMs += 5_000;
  }
  assert.equal(looks - before, 0);
  for (let at = 0; at < 5; at++) {
    await lab.restart();
    await lab.pass();
  }
  assert.equal(looks - before, 5 * once);
  lab.clock.movedMs += HOUR_MS;
  await lab.pass();
  assert.equal(looks - before, 5 * once + 1);
});

for (
  const [what, apartMs] of [["a century ahead", 36_500 * DAY_MS], ["11 minutes ahead", 660_000], [
    "in the past",
    -20 * DAY_MS,
  ]] as const
) {
  Deno.test(`a clock that is ${what} of the receiver's removes nothing`, async () => {
    await using lab = await filled();
    lab.clock.movedMs += 40 * DAY_MS;
    const rightMs = lab.clock.now() - Date.now();
    await lab.restart();
    lab.clock.movedMs += apartMs;
    lab.receiver.now = () => Date.now() + rightMs;
    await lab.pass();
    assert.deepEqual(lab.existing(...SHELVES), SHELVES);
    assert.equal(lab.named("clock-unchecked").length, 1);
    assert.deepEqual(lab.faults(), []);
  });
}

Deno.test("a clock that jumps after a receiver agreed is checked again", async () => {
  await using lab = await filled();
  const { now } = lab.clock;
  const rightMs = now();
  lab.receiver.now = () => rightMs;
  // The wall alone: the monotonic clock goes on as before.
  lab.clock.now = () => now() + 400 * DAY_MS;
  await lab.restart();
  await lab.pass();
  assert.deepEqual(lab.existing(...SHELVES), SHELVES);
});

Deno.test("without a receiver's answer nothing is removed", async () => {
  await using lab = await filled();
  lab.clock.movedMs += 40 * DAY_MS;
  lab.receiver.isAwake = false;
  await lab.pass();
  assert.deepEqual(lab.existing(...SHELVES), SHELVES);
  // As soon as it answers, not an hour later.
  lab.receiver.isAwake = true;
  lab.clock.movedMs += 2 * 60_000;
  await lab.pass();
  assert.deepEqual(lab.existing(...SHELVES), []);
});

Deno.test("an episode quarantined under a wrong clock has its days from when the clock is right", async () => {
  await using lab = await open();
  lab.receiver.isAwake = false;
  const { now } = lab.clock;
  lab.clock.now = () => now() - 50 * 365 * DAY_MS;
  await lab.record("bad");
  lab.receiver.answer = () => refusal("bad-meta");
  await lab.pass();
  assert.match(
    String(lab.readJson("quarantine/bad/quarantine_reason.json")["quarantined_at"]),
    /^19/,
  );

  lab.clock.now = now;
  lab.receiver.isAwake = true;
  lab.shop.breaker.close();
  lab.clock.movedMs += HOUR_MS;
  await lab.pass();
  assert.deepEqual(lab.existing("quarantine/bad"), ["quarantine/bad"]);
  const reason = lab.readJson("quarantine/bad/quarantine_reason.json");
  assert.ok(Math.abs(Date.parse(String(reason["quarantined_at"])) - lab.clock.now()) < 60_000);
  assert.equal(reason["code"], "bad-meta");
  assert.deepEqual(lab.faults(), []);
  lab.clock.movedMs += 31 * DAY_MS;
  await lab.pass();
  assert.deepEqual(lab.existing("quarantine/bad"), []);
});

Deno.test("what is refused because another episode has its name is never removed", async () => {
  await using lab = await open();
  await lab.record("a");
  lab.receiver.store.set("a", "f".repeat(64) as Digest);
  assert.equal((await lab.pass()).counts.quarantined, 1);
  lab.clock.movedMs += 400 * DAY_MS;
  await lab.pass();
  assert.deepEqual(lab.existing("quarantine/a/episode"), ["quarantine/a/episode"]);
  assert.deepEqual(lab.faults(), []);
});

Deno.test("a shipped episode that the receiver has lost is shipped once more", async () => {
  await using lab = await filled();
  lab.receiver.store.clear();
  lab.clock.movedMs += 8 * DAY_MS;
  assert.equal((await lab.pass()).counts.shipped, 1);
  assert.equal(lab.receiver.uploads.filter(({ id }) => id === "good").length, 2);
  assert.equal(lab.named("shipped-lost").length, 1);
  assert.deepEqual(lab.existing("shipped/good/episode"), ["shipped/good/episode"]);
  assert.deepEqual(lab.faults(), []);
});

Deno.test("a shipped episode of which the receiver has another stays", async () => {
  await using lab = await filled();
  for (const id of lab.receiver.store.keys()) lab.receiver.store.set(id, "f".repeat(64) as Digest);
  lab.clock.movedMs += 8 * DAY_MS;
  await lab.pass();
  assert.equal(lab.named("shipped-differs").length, 1);
  assert.deepEqual(lab.faults(), []);
});

Deno.test("what was written to a shipped episode afterwards is not removed with it", async () => {
  await using lab = await filled();
  const shipped = `${lab.dir}/shipped/good/episode`;
  const [file] = [...Deno.readDirSync(shipped)].filter(({ isFile }) => isFile);
  await Deno.writeTextFile(`${shipped}/${file?.name}`, " ", { append: true });
  lab.receiver.answer = ({ id }) => id === "good" ? refusal("different-episode") : undefined;
  lab.clock.movedMs += 8 * DAY_MS;
  await lab.pass();
  assert.equal(lab.named("shipped-changed").length, 1);
  assert.equal(lab.named("pruned").length, 0);
  assert.deepEqual(lab.existing("quarantine/good/episode"), ["quarantine/good/episode"]);
});

Deno.test("a shipped episode that was copied back, or has another owner, is removed all the same", async () => {
  await using lab = await filled();
  const shipped = `${lab.dir}/shipped/good`;
  await new Deno.Command("cp", { args: ["-a", shipped, `${shipped}.copy`] }).output();
  await Deno.remove(shipped, { recursive: true });
  await Deno.rename(`${shipped}.copy`, shipped);
  lab.clock.movedMs += 8 * DAY_MS;
  await lab.pass();
  assert.equal(lab.named("shipped-changed").length, 0);
  assert.deepEqual(lab.existing("shipped/good"), []);
});

Deno.test("a note that can't be read keeps its episode", async () => {
  await using lab = await filled();
  await Deno.writeTextFile(`${lab.dir}/shipped/good/receipt.json`, "{");
  await Deno.writeTextFile(`${lab.dir}/quarantine/bad/quarantine_reason.json`, "{}");
  lab.clock.movedMs += 400 * DAY_MS;
  await lab.pass();
  assert.deepEqual(lab.existing("shipped/good/episode", "quarantine/bad/episode").length, 2);
});

/** With `id` in shipped/ so many times, as after many stays of one id: `e`, `e~2`, … */
async function shipMany(lab: Lab, id: string, count: number): Promise<void> {
  await lab.record(id);
  await lab.pass();
  const shipped = `${lab.dir}/shipped/${id}`;
  const copies = 'for ((at = 2; at <= $1; at++)); do cp -a "$0" "$0~$at"; done';
  await new Deno.Command("bash", { args: ["-c", copies, shipped, `${count}`] }).output();
}

Deno.test("one look removes no more than its share", async () => {
  await using lab = await open();
  await shipMany(lab, "e", 205);
  lab.clock.movedMs += 8 * DAY_MS;
  await lab.pass();
  assert.equal(lab.named("pruned").length, 200);
  await lab.pass();
  assert.equal(lab.named("pruned").length, 200);
  lab.clock.movedMs += HOUR_MS;
  await lab.pass();
  assert.equal(lab.named("pruned").length, 205);
});

Deno.test("what has to stay is in the way of nothing that may go, however much it is", async () => {
  await using lab = await open();
  await shipMany(lab, "differs", 1100);
  lab.clock.movedMs += 1000;
  await lab.record("good");
  await lab.pass();
  lab.receiver.store.set("differs", "f".repeat(64) as Digest);
  lab.clock.movedMs += 8 * DAY_MS;
  await lab.pass();
  assert.equal(lab.receiver.asked.length, 1000);
  lab.clock.movedMs += HOUR_MS;
  await lab.pass();
  assert.equal(lab.receiver.asked.length, 2000);
  assert.deepEqual(lab.existing("shipped/good"), []);
  assert.deepEqual(lab.existing("shipped/differs", "shipped/differs~1100").length, 2);
});

Deno.test("a removal that stopped half way is finished by the next process", async () => {
  const when = { on: true };
  await using lab = await filled({
    wrap: (fs) => ({
      ...fs,
      unlink: (path) => {
        if (when.on && path.endsWith("/.removed-good/episode/meta.json")) {
          return Promise.reject(new FsError("unlink", path, "EIO"));
        }
        return fs.unlink(path);
      },
    }),
  });
  lab.clock.movedMs += 8 * DAY_MS;
  await lab.pass();
  assert.equal(lab.named("prune-failed").length, 1);
  assert.deepEqual(lab.existing("shipped/good", "shipped/.removed-good"), [
    "shipped/.removed-good",
  ]);
  when.on = false;
  await lab.restart();
  await lab.pass();
  assert.deepEqual([...Deno.readDirSync(`${lab.dir}/shipped`)], []);
});

Deno.test("on a low disk shipped episodes go, oldest first, and the rest is shipped; nothing unshipped goes", async () => {
  let dir = "";
  const shipped = () => [...Deno.readDirSync(`${dir}/shipped`)].length;
  // Each episode on the shelf takes 100,000 bytes of this disk.
  const space = () => ({ freeBytes: 1_000_000 - 100_000 * shipped(), totalBytes: 1_000_000 });
  const retention = { ...RETENTION, shippedKeepMs: undefined };
  await using lab = await open({
    retention,
    uploads: 1,
    wrap: (fs) => ({ ...fs, space }),
    minFreeBytes: 700_000,
  });
  dir = lab.dir;
  for (const id of ["a", "b", "c", "d", "e"]) {
    await lab.record(id);
    lab.clock.movedMs += 1000;
    assert.equal((await lab.pass()).counts.shipped, 1, id);
  }
  assert.deepEqual(lab.existing("shipped/a", "shipped/b", "shipped/c", "shipped/d", "shipped/e"), [
    "shipped/c",
    "shipped/d",
    "shipped/e",
  ]);
  assert.match(JSON.stringify(lab.named("pruned")), /the disk is low/);
});

Deno.test("on a low disk, what the receiver does not show stays, and packing pauses with one line", async () => {
  let freeBytes = 1_000_000;
  await using lab = await filled({
    minFreeBytes: 100_000,
    wrap: (fs) => ({ ...fs, space: () => ({ freeBytes, totalBytes: 1_000_000 }) }),
  });
  freeBytes = 1000;
  await lab.record("new");
  lab.receiver.stored = () => Promise.resolve(unreachable);
  for (let at = 0; at < 3; at++) assert.equal((await lab.pass()).counts.waiting, 1);
  assert.deepEqual(lab.existing(...SHELVES, "episodes/new"), [...SHELVES, "episodes/new"]);
  assert.equal(lab.named("disk-low").length, 1);
  assert.deepEqual(lab.faults(), []);
});

Deno.test("a daemon's passes do not wait until the receiver has told what it still has", async () => {
  await using lab = await filled();
  const { stored } = lab.receiver;
  const told = Promise.withResolvers<void>();
  lab.receiver.stored = async (id) => {
    await told.promise;
    return await stored.call(lab.receiver, id);
  };
  lab.clock.movedMs += 8 * DAY_MS;
  await lab.record("new");
  const { signal } = new AbortController();
  const small = (done: AbortSignal) => systemClock.sleep(5000, done);
  const pass = runPass(lab.shop, signal, { until: small });
  const stop = new AbortController();
  const first = await Promise.race([pass, systemClock.sleep(4000, stop.signal)]);
  stop.abort();
  told.resolve();
  await lab.shop.looks.running;
  assert.equal(first?.counts.shipped, 1);
  assert.deepEqual(lab.existing("shipped/good", "shipped/new"), ["shipped/new"]);
});
