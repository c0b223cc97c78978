/** What a killed process, a changing source, an unwilling disk or a second hand leaves: the next pass puts it right. */
import assert from "node:assert/strict";
import { fileLocks, type Fs, FsError } from "../../lib/sys/mod.ts";
import { runPass } from "../../lib/shipper/mod.ts";
import { layoutOf, openQueue, QueueError, returnToQueue } from "../../lib/queue/mod.ts";
import { idOf, Lab, libc, refusal, unreachable } from "./lab.ts";

const MINUTE_MS = 60_000;

/** A lab with one episode packed and not sent: the receiver was away. */
async function packedLab(): Promise<Lab> {
  const lab = await Lab.open();
  await lab.record("a");
  lab.receiver.answer = () => unreachable;
  await lab.pass();
  assert.deepEqual(lab.existing("outbox/a.tar.zst", "outbox/a.json").length, 2);
  lab.receiver.answer = () => undefined;
  lab.receiver.uploads.length = 0;
  await lab.restart();
  return lab;
}

Deno.test("a packed episode is sent without packing again", async () => {
  await using lab = await packedLab();
  assert.equal((await lab.pass()).counts.shipped, 1);
  assert.equal(lab.packs, 1);
});

Deno.test("archive, partial and record without their episode are swept", async () => {
  await using lab = await packedLab();
  await Deno.remove(`${lab.dir}/episodes/a`, { recursive: true });
  lab.recorded.clear();
  await Deno.writeTextFile(`${lab.dir}/outbox/b.tar.zst.partial`, "x");
  await Deno.writeTextFile(`${lab.dir}/outbox/c.json`, "{}");
  await Deno.writeTextFile(`${lab.dir}/outbox/d.json.new`, "{");
  const { swept } = await lab.pass();
  assert.equal(swept, 4);
  assert.deepEqual(lab.faults(), []);
  assert.equal(lab.receiver.uploads.length, 0);
});

for (
  const [what, damage] of [
    ["a partial", async (dir: string) => {
      await Deno.rename(`${dir}/outbox/a.tar.zst`, `${dir}/outbox/a.tar.zst.partial`);
    }],
    ["an archive without a record", (dir: string) => Deno.remove(`${dir}/outbox/a.json`)],
    ["an archive with a torn record", (dir: string) => Deno.truncate(`${dir}/outbox/a.json`, 40)],
    ["a torn archive", (dir: string) => Deno.truncate(`${dir}/outbox/a.tar.zst`, 100)],
    ["a record without its archive", (dir: string) => Deno.remove(`${dir}/outbox/a.tar.zst`)],
  ] as const
) {
  Deno.test(`${what}: packed again, then shipped`, async () => {
    await using lab = await packedLab();
    await damage(lab.dir);
    assert.equal((await lab.pass()).counts.shipped, 1);
    assert.equal(lab.packs, 2);
    assert.deepEqual(lab.faults(), []);
  });
}

for (
  const [what, change] of [
    ["was written to", async (lab: Lab) => void await lab.record("a", { more: "x" })],
    ["was replaced by another of the same id and times", async (lab: Lab) => {
      const path = `${lab.dir}/episodes/a`;
      const { mtime } = await Deno.stat(`${path}/telemetry.jsonl`);
      await Deno.remove(path, { recursive: true });
      await lab.record("a");
      if (mtime) await Deno.utime(`${path}/telemetry.jsonl`, mtime, mtime);
      await lab.record("a", { "telemetry.jsonl": `{"of":"X"}\n` });
    }],
  ] as const
) {
  Deno.test(`an episode that ${what} while it waited is packed again`, async () => {
    await using lab = await packedLab();
    await change(lab);
    assert.equal((await lab.pass()).counts.shipped, 1);
    assert.equal(lab.packs, 2);
    assert.deepEqual(lab.faults(), []);
  });
}

Deno.test("an episode that changes while it is packed is not ready, and leaves later", async () => {
  await using lab = await Lab.open({ settleMs: 10_000 });
  const path = await lab.record("a");
  lab.clock.movedMs += 20_000;
  lab.beforePack = () => {
    lab.beforePack = () => {};
    // The packer looks after this.
    Deno.writeTextFileSync(`${path}/late`, "x");
  };
  const first = await lab.pass();
  assert.equal(first.counts["not-ready"], 1);
  assert.equal(lab.receiver.uploads.length, 0);
  await lab.record("a", { late: "x" });
  lab.clock.movedMs += 20_000;
  assert.equal((await lab.pass()).counts.shipped, 1);
  assert.deepEqual(lab.faults(), []);
});

Deno.test("an episode that changes while it is sent is not retired, and no receipt is left beside it", async () => {
  await using lab = await Lab.open({ settleMs: 10_000 });
  await lab.record("a");
  lab.clock.movedMs += 20_000;
  lab.receiver.answer = async () => {
    await lab.record("a", { late: "x" });
    return undefined;
  };
  assert.equal((await lab.pass()).counts["not-ready"], 1);
  assert.deepEqual(lab.existing("episodes/a", "shipped/a", "outbox/a.tar.zst"), ["episodes/a"]);
  assert.deepEqual(lab.faults(), []);
});

Deno.test("an episode that changes after its receipt is written is not retired, and the receipt goes", async () => {
  const wrap = (fs: Fs): Fs => ({
    ...fs,
    create: (path, mode) => {
      if (path.endsWith("receipt.json.new")) {
        Deno.writeTextFileSync(`${path.split("/shipped/")[0]}/episodes/a/late`, "x");
      }
      return fs.create(path, mode);
    },
  });
  await using lab = await Lab.open({ settleMs: 10_000, wrap });
  await lab.record("a");
  lab.clock.movedMs += 20_000;
  assert.equal((await lab.pass()).counts["not-ready"], 1);
  assert.deepEqual(lab.existing("episodes/a/late", "shipped/a"), ["episodes/a/late"]);
});

Deno.test("a return to the queue puts the episode back, and keeps why it had been there", async () => {
  await using lab = await Lab.open();
  await lab.record("a");
  lab.receiver.answer = () => refusal("bad-meta");
  await lab.pass();
  assert.equal(await returnToQueue(lab.queue, "quarantine", "a", 0), "returned");
  assert.deepEqual(lab.faults(), []);
  await assert.rejects(returnToQueue(lab.queue, "quarantine", "a", 1), FsError);
  await lab.pass();
  assert.deepEqual(
    lab.existing("quarantine/a/episode", "quarantine/a/history-1970-01-01T00:00:00.000Z.json"),
    ["quarantine/a/episode", "quarantine/a/history-1970-01-01T00:00:00.000Z.json"],
  );
  assert.equal(lab.receiver.uploads.length, 2);
});

Deno.test("a return that stopped before the move is finished by the next process", async () => {
  await using lab = await Lab.open();
  await lab.record("a");
  await lab.pass();
  await Deno.rename(`${lab.dir}/shipped/a/receipt.json`, `${lab.dir}/shipped/a/history-1.json`);
  await lab.restart();
  assert.equal((await lab.pass()).counts["already-stored"], 1);
  assert.equal(lab.named("return-finished").length, 1);
  assert.deepEqual(lab.faults(), []);
});

Deno.test("a return to a name that is taken changes nothing", async () => {
  await using lab = await Lab.open();
  await lab.record("a");
  await lab.pass();
  lab.recorded.set("first", lab.recorded.get("a") ?? "");
  await lab.record("a", { other: "x" });
  assert.equal(await returnToQueue(lab.queue, "shipped", "a", 0), "taken");
  assert.deepEqual(lab.faults(), []);
});

Deno.test("an episode that vanishes while it is packed is no error", async () => {
  await using lab = await Lab.open();
  const path = await lab.record("a");
  lab.recorded.clear();
  lab.beforePack = () => Deno.removeSync(path, { recursive: true });
  const { counts } = await lab.pass();
  assert.equal(counts.gone, 1);
  assert.equal((await lab.pass()).swept, 0);
  assert.deepEqual(lab.faults(), []);
});

for (const shelf of ["shipped", "quarantine"] as const) {
  Deno.test(`a move to ${shelf}/ that stopped after the note is finished without a request`, async () => {
    await using lab = await Lab.open();
    await lab.record("a");
    if (shelf === "quarantine") lab.receiver.answer = () => refusal("bad-meta");
    await lab.pass();
    // Back to where the kill came: note written, episode not moved.
    await Deno.rename(`${lab.dir}/${shelf}/a/episode`, `${lab.dir}/episodes/a`);
    await lab.restart();
    lab.receiver.uploads.length = 0;
    await lab.pass();
    assert.equal(lab.receiver.uploads.length, 0);
    assert.equal(lab.named("move-finished").length, 1);
    assert.deepEqual(lab.faults(), []);
  });
}

Deno.test("a note of another episode is not taken for a move half done", async () => {
  await using lab = await Lab.open();
  await lab.record("a");
  await lab.pass();
  await Deno.remove(`${lab.dir}/shipped/a/episode`, { recursive: true });
  lab.receiver.store.clear();
  await lab.record("a", { other: "x" });
  assert.equal((await lab.pass()).counts.shipped, 1);
  assert.deepEqual(lab.existing("shipped/a/episode", "shipped/a~2/episode"), [
    "shipped/a~2/episode",
  ]);
});

Deno.test("another episode of the same id gets a number, and nothing is overwritten", async () => {
  await using lab = await Lab.open();
  for (let at = 1; at <= 3; at++) {
    await lab.record("a", { at: `${at}` });
    lab.recorded.set(`a${at}`, lab.recorded.get("a") ?? "");
    lab.receiver.store.clear();
    assert.equal((await lab.pass()).counts.shipped, 1);
  }
  assert.equal(lab.existing("shipped/a", "shipped/a~2", "shipped/a~3").length, 3);
  assert.deepEqual(lab.faults(), []);
});

Deno.test("an empty place on the shelf is used", async () => {
  await using lab = await Lab.open();
  await lab.record("a");
  await Deno.mkdir(`${lab.dir}/shipped/a`);
  await lab.pass();
  assert.deepEqual(lab.existing("shipped/a/episode", "shipped/a~2"), ["shipped/a/episode"]);
});

/** Fails `operation` on paths that match, with `errno`, as long as `when.on`. */
function failing(operation: keyof Fs, path: RegExp, errno: string, when: { on: boolean }) {
  return (fs: Fs): Fs => ({
    ...fs,
    [operation]: (...args: string[]) => {
      if (when.on && path.test(args.join(" -> "))) {
        throw new FsError(operation, args.join(" -> "), errno);
      }
      return Reflect.apply(fs[operation], fs, args);
    },
  });
}

for (
  const [shelf, errno] of [["shipped", "EACCES"], ["shipped", "EROFS"], ["quarantine", "EPERM"]]
) {
  Deno.test(`an episode that may not be moved to ${shelf}/ (${errno}) is stuck: one request, no more`, async () => {
    const when = { on: true };
    await using lab = await Lab.open({
      wrap: failing("renameNoReplace", /episodes\/a/, errno ?? "", when),
    });
    await lab.record("a");
    if (shelf === "quarantine") lab.receiver.answer = () => refusal("bad-meta");
    const { counts } = await lab.pass();
    assert.equal(counts.stuck, 1);
    assert.match(JSON.stringify(lab.named("episode-stuck")), /remediation/);
    for (let pass = 0; pass < 5; pass++) {
      lab.clock.movedMs += 20 * MINUTE_MS;
      if (pass === 3) await lab.restart();
      assert.equal((await lab.pass()).counts.stuck, 1);
    }
    assert.equal(lab.receiver.uploads.length, 1);
    when.on = false;
    lab.clock.movedMs += 20 * MINUTE_MS;
    await lab.pass();
    assert.deepEqual(lab.faults(), []);
    assert.deepEqual(lab.existing(`${shelf}/a/episode`), [`${shelf}/a/episode`]);
  });
}

Deno.test("a disk too full for the receipt: the receiver is not asked again by this process", async () => {
  const when = { on: true };
  await using lab = await Lab.open({ wrap: failing("create", /receipt\.json/, "ENOSPC", when) });
  await lab.record("a");
  assert.equal((await lab.pass()).counts.stuck, 1);
  lab.clock.movedMs += 20 * MINUTE_MS;
  assert.equal((await lab.pass()).counts.stuck, 1);
  assert.equal(lab.receiver.uploads.length, 1);
  when.on = false;
  lab.clock.movedMs += 20 * MINUTE_MS;
  assert.equal((await lab.pass()).counts.shipped, 1);
  assert.equal(lab.receiver.uploads.length, 1);
  assert.deepEqual(lab.faults(), []);
});

for (
  const [what, file, counts] of [
    ["receipt", /receipt\.json/, { stuck: 1, waiting: 0 }],
    ["archive", /\.partial/, { stuck: 0, waiting: 1 }],
  ] as const
) {
  Deno.test(`a disk too full for the ${what}: tried again as soon as there is room, and not before`, async () => {
    const when = { on: true };
    let freeBytes = 1e9;
    await using lab = await Lab.open({
      minFreeBytes: 1000,
      wrap: (fs) => ({
        ...failing("create", file, "ENOSPC", when)(fs),
        space: () => ({ freeBytes, totalBytes: 1e9 }),
      }),
    });
    await lab.record("a");
    const { stuck, waiting } = (await lab.pass()).counts;
    assert.deepEqual({ stuck, waiting }, counts);
    // It filled up while the episode was on its way.
    freeBytes = 0;
    const tries = () => lab.named("episode-stuck").length + lab.named("try-failed").length;
    assert.equal(tries(), 1);
    for (let at = 0; at < 3; at++) assert.equal((await lab.pass()).counts.shipped, 0);
    assert.equal(tries(), 1);
    freeBytes = 1e9;
    when.on = false;
    assert.equal((await lab.pass()).counts.shipped, 1);
    assert.equal(lab.receiver.uploads.length, 1);
    assert.deepEqual(lab.faults(), []);
  });
}

Deno.test("a disk too full for the record: the next try is kept in memory", async () => {
  const when = { on: false };
  await using lab = await Lab.open({ wrap: failing("create", /a\.json/, "ENOSPC", when) });
  await lab.record("a");
  lab.receiver.answer = () => {
    when.on = true;
    return refusal("internal", 60_000);
  };
  await lab.pass();
  assert.equal((await lab.pass()).counts.waiting, 1);
  assert.equal(lab.receiver.uploads.length, 1);
  assert.equal(lab.named("record-not-written").length, 1);
});

Deno.test("an episode whose files can't be read is stuck, and the others go", async () => {
  const when = { on: true };
  await using lab = await Lab.open({ wrap: failing("openRead", /a\/telemetry/, "EACCES", when) });
  await lab.record("a");
  await lab.record("b");
  const { counts } = await lab.pass();
  assert.deepEqual([counts.stuck, counts.shipped], [1, 1]);
  assert.equal(lab.receiver.uploads.length, 1);
  assert.match(JSON.stringify(lab.named("episode-stuck")), /chown/);
});

Deno.test("without space for the archive nothing is packed, and one line says so", async () => {
  let freeBytes = 1_000_000;
  await using lab = await Lab.open({
    minFreeBytes: 990_000,
    wrap: (fs) => ({ ...fs, space: () => ({ freeBytes, totalBytes: 2_000_000 }) }),
  });
  await lab.record("a");
  assert.equal((await lab.pass()).counts.waiting, 1);
  assert.equal(lab.packs, 0);
  assert.equal(lab.named("disk-low").length, 1);
  freeBytes = 2_000_000;
  assert.equal((await lab.pass()).counts.shipped, 1);
});

Deno.test("where space is short only beside what is being packed, the sum that is told is right", async () => {
  // The least that is kept free for an archive, and a little for what is in it.
  const archiveBytes = 72 * 1024;
  const freeBytes = 990_000 + archiveBytes + archiveBytes / 2;
  await using lab = await Lab.open({
    minFreeBytes: 990_000,
    wrap: (fs) => ({ ...fs, space: () => ({ freeBytes, totalBytes: 2_000_000 }) }),
  });
  for (const id of ["a", "b"]) await lab.record(id);
  const { counts } = await lab.pass();
  assert.deepEqual([counts.shipped, counts.waiting], [1, 1]);
  const detail = lab.results.find(({ state }) => state === "waiting")?.outcome?.detail ?? "";
  const [needed, kept, free, promised] = Array.from(
    detail.matchAll(/\d+/g),
    ([all]) => Number(all),
  );
  assert.ok(needed && kept && free && promised, detail);
  assert.ok(needed + kept <= free && needed + kept > free - promised, detail);
});

Deno.test("archives that wait do not keep others from being packed, nor fill the outbox", async () => {
  await using lab = await Lab.open({ uploads: 1, outboxAhead: 1 });
  for (let at = 0; at < 8; at++) await lab.record(`e${at}`);
  lab.receiver.answer = ({ id }) => id < "e6" ? refusal("commit-unknown") : undefined;
  const { counts } = await lab.pass();
  assert.deepEqual([counts.waiting, counts.shipped], [6, 2]);
  const archives = [...Deno.readDirSync(`${lab.dir}/outbox`)].filter(({ name }) =>
    name.endsWith(".zst")
  );
  assert.ok(archives.length <= 3, `${archives.length} archives`);
  assert.deepEqual(lab.faults(), []);
});

Deno.test("while the receiver is away, no more is packed than outbox_ahead allows", async () => {
  await using lab = await Lab.open({ uploads: 1, outboxAhead: 2 });
  for (let at = 0; at < 10; at++) await lab.record(`e${at}`);
  lab.receiver.windowAnswer = unreachable;
  const { counts } = await lab.pass();
  assert.equal(counts.waiting, 10);
  assert.equal(lab.receiver.uploads.length, 0);
  assert.equal(lab.packs, 4, "two short uploads and two ahead");
});

Deno.test("the window is asked for once a pass, whatever waits for it", async () => {
  await using lab = await Lab.open();
  for (let at = 0; at < 30; at++) await lab.record(`e${at}`);
  lab.receiver.commits = [];
  assert.equal((await lab.pass()).counts.held, 30);
  assert.equal((await lab.pass()).counts.held, 30);
  assert.equal(lab.receiver.windowRequests, 2);
  assert.equal(lab.receiver.uploads.length, 0);
});

Deno.test("an episode that somebody has in hand is left to him", async () => {
  await using lab = await Lab.open();
  await lab.record("a");
  const lock = fileLocks(libc).tryLock(`${lab.dir}/.locks/a`, { remove: true });
  assert.equal((await lab.pass()).counts.waiting, 1);
  lock?.release();
  assert.equal((await lab.pass()).counts.shipped, 1);
  assert.deepEqual(lab.faults(), []);
});

Deno.test("lock files of killed processes are swept, held ones stay", async () => {
  await using lab = await Lab.open();
  await Deno.writeTextFile(`${lab.dir}/.locks/dead`, "");
  const lock = fileLocks(libc).tryLock(`${lab.dir}/.locks/held`, { remove: true });
  await lab.pass();
  assert.deepEqual(lab.existing(".locks/dead", ".locks/held"), [".locks/held"]);
  lock?.release();
  assert.deepEqual(lab.faults(), []);
});

Deno.test("a second shipper is told who works there", async () => {
  await using lab = await Lab.open();
  const second = openQueue({ ...lab.queue }, { dataDir: lab.dir, settleMs: 0, pid: 1 });
  await assert.rejects(second, (error: unknown) => {
    assert.ok(error instanceof QueueError);
    assert.equal(
      error.message,
      `another shipper (pid ${Deno.pid}) works on ${lab.dir}; it will ship these episodes`,
    );
    return true;
  });
});

for (const place of ["episodes", "outbox", "shipped", "quarantine", ".locks"]) {
  Deno.test(`a link in the place of ${place} is told in words, before anything is moved`, async () => {
    await using lab = await Lab.open();
    lab.queue.close();
    await Deno.rename(`${lab.dir}/${place}`, `${lab.dir}/elsewhere`);
    await Deno.symlink("elsewhere", `${lab.dir}/${place}`);
    await assert.rejects(lab.restart(), (error: unknown) => {
      assert.ok(error instanceof QueueError);
      const words = `${lab.dir}/${place} is a symlink, not a directory`;
      assert.ok(error.message.startsWith(words), error.message);
      assert.match(error.hint ?? "", /make it a directory/);
      return true;
    });
  });
}

Deno.test("after an abort nothing is half done, and the next pass ships", async () => {
  await using lab = await Lab.open();
  for (const id of ["a", "b", "c"]) await lab.record(id);
  const stop = new AbortController();
  lab.receiver.answer = () => {
    stop.abort();
    return { kind: "aborted" };
  };
  await runPass(lab.shop, stop.signal);
  assert.deepEqual(lab.faults(), []);
  lab.receiver.answer = () => undefined;
  assert.equal((await lab.pass()).counts.shipped, 3);
});

Deno.test("a record's name never hides an episode's file: ids with our own suffixes", async () => {
  await using lab = await Lab.open();
  for (const id of ["a", "a.json", "a.tar.zst", "a.json.new", "a.tar.zst.partial"]) {
    await lab.record(id);
  }
  lab.receiver.answer = () => refusal("commit-unknown");
  await lab.pass();
  await lab.restart();
  lab.clock.movedMs += 10 * MINUTE_MS;
  lab.receiver.answer = () => undefined;
  assert.equal((await lab.pass()).counts.shipped, 5);
  assert.deepEqual(lab.faults(), []);
  assert.equal(layoutOf("/d").record(idOf("a")), "/d/outbox/a.json");
});
