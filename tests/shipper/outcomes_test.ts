/** Every outcome, on real files: what lies where afterwards, what is asked again and when. */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { runPass } from "../../lib/shipper/mod.ts";
import type { Answer } from "../../lib/transport/mod.ts";
import { Lab, OTHER_STAMP, refusal, unreachable } from "./lab.ts";

const MINUTE_MS = 60_000;

Deno.test("a stored episode is in shipped/ with its receipt, and nothing of it is left in the outbox", async () => {
  await using lab = await Lab.open();
  await lab.record("a");
  const summary = await lab.pass();
  assert.equal(summary.counts.shipped, 1);
  assert.deepEqual(lab.existing("episodes/a", "shipped/a/episode", "outbox/a.json"), [
    "shipped/a/episode",
  ]);
  const receipt = lab.readJson("shipped/a/receipt.json");
  assert.equal((receipt["receipt"] as Record<string, unknown>)["id"], "a");
  assert.equal(receipt["tries"], 1);
  assert.deepEqual(lab.faults(), []);
  assert.equal(lab.named("episode-shipped").length, 1);
});

Deno.test("a second pass sends nothing again", async () => {
  await using lab = await Lab.open();
  for (const id of ["a", "b", "c"]) await lab.record(id);
  await lab.pass();
  const summary = await lab.pass();
  assert.equal(lab.receiver.uploads.length, 3);
  assert.equal(summary.counts.shipped, 0);
  assert.deepEqual(lab.faults(), []);
});

Deno.test("an episode that the receiver had already is retired all the same", async () => {
  await using lab = await Lab.open();
  await lab.record("a");
  lab.receiver.answer = (upload) => {
    lab.receiver.store.set(upload.id, upload.episodeDigest);
    return undefined;
  };
  const summary = await lab.pass();
  assert.equal(summary.counts["already-stored"], 1);
  assert.deepEqual(lab.existing("shipped/a/episode"), ["shipped/a/episode"]);
});

Deno.test("a fatal refusal ends in quarantine with the whole story, and is never sent again", async () => {
  await using lab = await Lab.open();
  await lab.record("a", {}, "nonsense");
  lab.receiver.answer = () => refusal("unstamped");
  const summary = await lab.pass();
  await lab.pass();
  assert.equal(summary.counts.quarantined, 1);
  assert.equal(lab.receiver.uploads.length, 1);
  assert.equal(lab.receiver.uploads[0]?.stamp, undefined);
  const reason = lab.readJson("quarantine/a/quarantine_reason.json");
  assert.equal(reason["code"], "unstamped");
  assert.equal(reason["status"], 400);
  assert.equal(reason["tries"], 1);
  assert.match(String(reason["remediation"]), /install-lab-host/);
  assert.match(JSON.stringify(reason["problem"]), /\/problems\/unstamped/);
  assert.deepEqual(lab.faults(), []);
});

Deno.test("what no archive can keep is quarantined by name, without a request", async () => {
  await using lab = await Lab.open();
  const path = await lab.record("a");
  await Deno.symlink("/etc/passwd", `${path}/out`);
  await lab.pass();
  assert.equal(lab.receiver.uploads.length, 0);
  const reason = lab.readJson("quarantine/a/quarantine_reason.json");
  assert.equal(reason["code"], "unfit");
  assert.match(String(reason["detail"]), /out is an absolute link/);
});

Deno.test("an episode outside the window is held before it is packed, and leaves when the window changes", async () => {
  await using lab = await Lab.open();
  await lab.record("old", {}, OTHER_STAMP);
  await lab.record("new");
  const summary = await lab.pass();
  assert.equal(summary.counts.held, 1);
  assert.equal(summary.counts.shipped, 1);
  assert.equal(lab.packs, 1);
  assert.deepEqual(lab.existing("episodes/old", "outbox/old.json", "outbox/old.tar.zst"), [
    "episodes/old",
    "outbox/old.json",
  ]);
  assert.equal((await lab.pass()).counts.held, 1);
  assert.equal(lab.receiver.uploads.length, 1);
  lab.receiver.commits = [OTHER_STAMP];
  assert.equal((await lab.pass()).counts.shipped, 1);
  assert.deepEqual(lab.faults(), []);
});

Deno.test("a 412 takes the archive out of the outbox; the episode is not sent again at once", async () => {
  await using lab = await Lab.open();
  await lab.record("a");
  lab.receiver.answer = () => refusal("out-of-window");
  assert.equal((await lab.pass()).counts.held, 1);
  assert.equal((await lab.pass()).counts.held, 1);
  assert.equal(lab.receiver.uploads.length, 1);
  assert.deepEqual(lab.existing("outbox/a.tar.zst"), []);
  lab.receiver.answer = () => undefined;
  lab.clock.movedMs += 6 * MINUTE_MS;
  assert.equal((await lab.pass()).counts.shipped, 1);
});

Deno.test("a transient failure keeps the archive and the time of the next try, across a restart", async () => {
  await using lab = await Lab.open();
  await lab.record("a");
  lab.receiver.answer = () => refusal("commit-unknown", 100_000);
  assert.equal((await lab.pass()).counts.waiting, 1);
  await lab.restart();
  lab.receiver.answer = () => undefined;
  assert.equal((await lab.pass()).counts.waiting, 1, "Retry-After is not over");
  assert.equal(lab.receiver.uploads.length, 1);
  lab.clock.movedMs += 2 * MINUTE_MS;
  assert.equal((await lab.pass()).counts.shipped, 1);
  assert.equal(lab.packs, 1, "it is not packed again");
  assert.equal(lab.readJson("shipped/a/receipt.json")["tries"], 2);
});

Deno.test("one that fails does not keep the others waiting", async () => {
  await using lab = await Lab.open();
  for (const id of ["a", "bad", "c", "d"]) await lab.record(id);
  lab.receiver.answer = ({ id }) => id === "bad" ? refusal("internal") : undefined;
  const { counts } = await lab.pass();
  assert.deepEqual([counts.shipped, counts.waiting], [3, 1]);
});

/** Too large, however it is packed, for the slots of short uploads: with `uploads: 1` these go one at a time. */
const NOISE = randomBytes(1_200_000).toString("base64");

for (
  const [name, answer] of [
    ["no connection", unreachable],
    ["a full house", refusal("too-many-uploads")],
    ["a proxy's 502", { kind: "foreign", status: 502, why: "HTML", retryAfterMs: undefined }],
    ["a token that is not known", refusal("unauthorized")],
    ["a full disk at the receiver", refusal("disk-reserve")],
    ["another server's page", { kind: "foreign", status: 404, why: "x", retryAfterMs: undefined }],
  ] as const satisfies readonly (readonly [string, Answer])[]
) {
  Deno.test(`${name}: the rest of the pass is not tried, and nothing is held against an episode`, async () => {
    await using lab = await Lab.open({ uploads: 1 });
    for (let at = 0; at < 20; at++) await lab.record(`e${at}`, { noise: NOISE });
    lab.receiver.answer = () => answer;
    const { counts, stopped } = await lab.pass();
    assert.equal(lab.receiver.uploads.length, 1);
    assert.equal(counts.waiting, 20);
    assert.notEqual(stopped, undefined);
    assert.deepEqual(lab.faults(), []);
    lab.receiver.answer = () => undefined;
    lab.shop.breaker.close();
    assert.equal((await lab.pass()).counts.shipped, 20, "at once when the receiver is back");
  });
}

Deno.test("three different episodes that fail with 500 in a row are an outage", async () => {
  await using lab = await Lab.open({ uploads: 1 });
  for (let at = 0; at < 10; at++) await lab.record(`e${at}`, { noise: NOISE });
  lab.receiver.answer = () => refusal("internal");
  const { stopped } = await lab.pass();
  assert.equal(lab.receiver.uploads.length, 3);
  assert.equal(stopped?.code, "internal");
});

Deno.test("a bad archive is packed afresh at once; refused again, it waits long, and stays an episode", async () => {
  await using lab = await Lab.open();
  await lab.record("a");
  lab.receiver.answer = () => refusal("bad-digest");
  const { counts } = await lab.pass();
  assert.equal(counts.waiting, 1);
  assert.equal(lab.packs, 2);
  assert.equal(lab.receiver.uploads.length, 2);
  lab.clock.movedMs += 9 * MINUTE_MS;
  await lab.pass();
  assert.equal(lab.receiver.uploads.length, 2);
  lab.clock.movedMs += 10 * MINUTE_MS;
  await lab.pass();
  assert.equal(lab.receiver.uploads.length, 3, "one try at a time from then on");
  assert.deepEqual(lab.existing("episodes/a", "quarantine/a"), ["episodes/a"]);
});

Deno.test("an archive that went bad on our own disk is packed afresh", async () => {
  await using lab = await Lab.open();
  await lab.record("a");
  let bad = true;
  lab.receiver.answer = () => {
    if (!bad) return undefined;
    bad = false;
    return { kind: "unreadable", why: "the digest differs" };
  };
  assert.equal((await lab.pass()).counts.shipped, 1);
  assert.equal(lab.packs, 2);
});

Deno.test("an unexpected exception stays with its episode, with a name and a stack in the log", async () => {
  await using lab = await Lab.open();
  for (const id of ["a", "b"]) await lab.record(id);
  lab.receiver.answer = ({ id }) => {
    if (id === "a") throw new TypeError("x is undefined");
    return undefined;
  };
  const { counts, codes } = await lab.pass();
  assert.deepEqual([counts.shipped, counts.waiting], [1, 1]);
  assert.equal(codes["internal"], 1);
  assert.match(JSON.stringify(lab.named("episode-failed")), /TypeError/);
  const record = lab.readJson("outbox/a.json");
  assert.match(JSON.stringify(record["last"]), /internal/);
});

Deno.test("names that can be no episode are left alone and counted", async () => {
  await using lab = await Lab.open();
  await Deno.mkdir(`${lab.dir}/episodes/with space`);
  await Deno.writeTextFile(`${lab.dir}/episodes/file`, "");
  await Deno.mkdir(`${lab.dir}/episodes/.staging`);
  await Deno.mkdir(`${lab.dir}/episodes/unfinished`);
  const { strangers, counts } = await lab.pass();
  assert.equal(strangers.count, 2);
  assert.equal(counts["not-ready"], 1);
  assert.equal(lab.receiver.uploads.length, 0);
});

Deno.test("a window that can't be had is asked for by one pass, not by each", async () => {
  await using lab = await Lab.open();
  await lab.record("a");
  lab.receiver.answer = () => refusal("out-of-window");
  assert.equal((await lab.pass()).counts.held, 1);
  lab.clock.movedMs += 6 * 60_000;
  lab.receiver.windowAnswer = unreachable;
  const before = lab.receiver.windowRequests;
  for (let at = 0; at < 3; at++) assert.equal((await lab.pass()).counts.held, 1);
  assert.equal(lab.receiver.windowRequests - before, 1);
  assert.equal(lab.named("receiver-away").length, 1);
});

Deno.test("a window that was given up at the signal says nothing of the receiver", async () => {
  await using lab = await Lab.open();
  await lab.record("a");
  const stop = new AbortController();
  lab.receiver.window = () => {
    stop.abort();
    return Promise.resolve(unreachable);
  };
  await runPass(lab.shop, stop.signal);
  assert.equal(lab.named("receiver-away").length, 0);
});
