import assert from "node:assert/strict";
import { findDigest } from "../../lib/episode/mod.ts";
import { parseReceipt } from "../../lib/wire/mod.ts";
import type { Answer } from "./http.ts";
import { commit, TestReceiver } from "./receiver.ts";
import { putHeaders, type Sample, sample } from "./sample.ts";

function put(
  receiver: TestReceiver,
  token: string,
  path: string,
  what: Sample,
  stamp = receiver.stamp,
): Promise<Answer> {
  return receiver.ask(
    { method: "PUT", path, headers: putHeaders(what, stamp), body: what.bytes },
    token,
  );
}

Deno.test("an archive is stored once, with a receipt, and stays through a crash", async () => {
  await using receiver = await TestReceiver.start();
  const token = await receiver.token("lab-1");
  const path = "/v1/episodes/lab-1/run.1";
  const head = () => receiver.ask({ method: "HEAD", path }, token);
  const what = sample(receiver.stamp, 3_000_000);

  assert.equal((await head()).status, 404);
  const first = await put(receiver, token, path, what);
  assert.equal(first.status, 201);
  assert.equal(first.headers.get("content-type"), "application/vnd.cis490.receipt+json");
  const receipt = parseReceipt(first.text);
  assert.ok(receipt, first.text);
  assert.equal(receipt.host, "lab-1");
  assert.equal(receipt.id, "run.1");
  assert.equal(receipt.archive_digest, findDigest(what.archiveDigest));
  assert.equal(receipt.episode_digest, findDigest(what.episodeDigest));
  assert.equal(receipt.archive_bytes, what.bytes.byteLength);
  assert.equal(receipt.entries, 2);

  await receiver.crashAndRun();
  const again = await put(receiver, token, path, what);
  assert.equal(again.status, 200);
  assert.equal(again.text, first.text);
  const shown = await head();
  assert.equal(shown.status, 200);
  assert.equal(shown.headers.get("content-length"), String(what.bytes.byteLength));
  const { headers } = shown;
  const fields = putHeaders(what, receiver.stamp);
  assert.equal(headers.get("repr-digest"), fields["repr-digest"]);
  assert.equal(headers.get("cis490-episode-digest"), fields["cis490-episode-digest"]);
  assert.deepEqual(receiver.files(), ["episodes/lab-1/run.1.json", "episodes/lab-1/run.1.tar.zst"]);
  assert.deepEqual(
    await Deno.readFile(`${receiver.storeDir}/episodes/lab-1/run.1.tar.zst`),
    what.bytes,
  );
});

Deno.test("what is stored is answered whatever the window says by now, and never overwritten", async () => {
  await using receiver = await TestReceiver.start();
  const token = await receiver.token("lab-1");
  const path = "/v1/episodes/lab-1/a";
  const what = sample(receiver.stamp);
  assert.equal((await put(receiver, token, path, what)).status, 201);
  const other = sample(receiver.stamp, 10);
  assert.equal((await put(receiver, token, path, other)).problem, "different-episode");

  await receiver.runWithoutWindow();
  assert.equal((await put(receiver, token, path, what)).status, 200);
  assert.equal((await put(receiver, token, path, other)).problem, "different-episode");
  const fresh = await put(receiver, token, "/v1/episodes/lab-1/b", other);
  assert.equal(fresh.problem, "window-unknown");
  assert.ok(fresh.headers.get("retry-after"));
});

Deno.test("of two PUTs at once one stores, the other gets its receipt; another episode gets 409", async () => {
  await using receiver = await TestReceiver.start();
  const token = await receiver.token("lab-1");
  const what = sample(receiver.stamp, 2_000_000);
  for (let round = 0; round < 3; round++) {
    const path = `/v1/episodes/lab-1/same-${round}`;
    const answers = await Promise.all(
      [what, what, what].map((one) => put(receiver, token, path, one)),
    );
    assert.deepEqual(answers.map(({ status }) => status).sort(), [200, 200, 201]);
    assert.equal(new Set(answers.map(({ text }) => text)).size, 1);
  }
  const rivals = await Promise.all(
    [what, sample(receiver.stamp, 1_000_000)].map((one) =>
      put(receiver, token, "/v1/episodes/lab-1/rival", one)
    ),
  );
  assert.deepEqual(rivals.map(({ status }) => status).sort(), [201, 409]);
  assert.deepEqual(receiver.files().filter((path) => path.startsWith("uploads/")), []);
});

Deno.test("a commit pushed a moment ago is accepted without waiting for the schedule", async () => {
  await using receiver = await TestReceiver.start();
  const token = await receiver.token("lab-1");
  const stamp = await commit(`${receiver.root}/repository`);
  const answer = await put(receiver, token, "/v1/episodes/lab-1/a", sample(stamp), stamp);
  assert.equal(answer.status, 201, answer.text);
});

Deno.test("an archive that lost its receipt in a crash gets one; a torn one is moved out of the way", async () => {
  await using receiver = await TestReceiver.start();
  const token = await receiver.token("lab-1");
  const what = sample(receiver.stamp, 100_000);
  for (const id of ["whole", "torn"]) {
    assert.equal((await put(receiver, token, `/v1/episodes/lab-1/${id}`, what)).status, 201);
    await Deno.remove(`${receiver.storeDir}/episodes/lab-1/${id}.json`);
  }
  await Deno.truncate(`${receiver.storeDir}/episodes/lab-1/torn.tar.zst`, 50_000);
  await receiver.crashAndRun();
  const head = (id: string) =>
    receiver.ask({ method: "HEAD", path: `/v1/episodes/lab-1/${id}` }, token);
  const deadline = Date.now() + 10_000;
  while ((await head("whole")).status !== 200 || !receiver.log.includes("archive-set-aside")) {
    assert.ok(Date.now() < deadline, receiver.log);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  assert.equal((await head("torn")).status, 404);
  assert.equal((await put(receiver, token, "/v1/episodes/lab-1/whole", what)).status, 200);
  assert.equal((await put(receiver, token, "/v1/episodes/lab-1/torn", what)).status, 201);
});
