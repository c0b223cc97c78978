import assert from "node:assert/strict";
import { parseReceipt, parseUploadLimit } from "../../lib/wire/mod.ts";
import { type Answer, connect, readUntil, send } from "./http.ts";
import { TestReceiver } from "./receiver.ts";
import {
  announceHeaders,
  digestField,
  pieceHeaders,
  putHeaders,
  type Sample,
  sample,
} from "./sample.ts";

const MIB = 1024 * 1024;

/** One upload, driven step by step. */
class Uploading {
  constructor(
    readonly receiver: TestReceiver,
    readonly token: string,
    readonly what: Sample,
    readonly id = "a",
    readonly stamp = receiver.stamp,
  ) {}

  get path(): string {
    return `/v1/episodes/lab-1/${this.id}`;
  }
  get upload(): string {
    return `/v1/uploads/lab-1/${this.id}/${this.what.archiveDigest}`;
  }
  get bytes(): number {
    return this.what.bytes.byteLength;
  }

  announce(headers: Record<string, string> = {}): Promise<Answer> {
    const all = { ...announceHeaders(this.what, this.stamp), ...headers };
    return this.receiver.ask({ method: "PUT", path: this.path, headers: all }, this.token);
  }

  piece(from: number, to: number, headers: Record<string, string> = {}): Promise<Answer> {
    const body = this.what.bytes.subarray(from, to);
    const all = { ...pieceHeaders(body, from, to >= this.bytes), ...headers };
    return this.receiver.ask(
      { method: "PATCH", path: this.upload, headers: all, body },
      this.token,
    );
  }

  head(): Promise<Answer> {
    return this.receiver.ask({ method: "HEAD", path: this.upload }, this.token);
  }
}

async function setUp(randomBytes: number, tables = "") {
  const receiver = await TestReceiver.start({ tables });
  const token = await receiver.token("lab-1");
  return {
    receiver,
    token,
    upload: new Uploading(receiver, token, sample(receiver.stamp, randomBytes)),
    [Symbol.asyncDispose]: () => receiver[Symbol.asyncDispose](),
  };
}

Deno.test("an announced archive arrives in pieces and is answered like a PUT", async () => {
  await using test = await setUp(3 * MIB);
  const { receiver, upload } = test;
  const announced = await upload.announce();
  assert.equal(announced.status, 201, announced.text);
  assert.equal(announced.headers.get("location"), upload.upload);
  assert.equal(announced.headers.get("upload-complete"), "?0");
  assert.equal(announced.headers.get("upload-offset"), "0");
  assert.deepEqual(parseUploadLimit(announced.headers.get("upload-limit") ?? ""), {
    maxSizeBytes: 65_536 * MIB,
    maxPieceBytes: 16 * MIB,
    maxAgeS: 168 * 3600,
  });

  const first = await upload.piece(0, MIB);
  assert.equal(first.status, 204, first.text);
  assert.equal(first.headers.get("upload-offset"), String(MIB));
  const shown = await upload.head();
  assert.equal(shown.status, 204);
  assert.equal(shown.headers.get("upload-offset"), String(MIB));
  assert.equal(shown.headers.get("upload-length"), String(upload.bytes));
  assert.equal(shown.headers.get("upload-complete"), "?0");
  assert.equal(shown.headers.get("cache-control"), "no-store");

  assert.equal((await upload.piece(MIB, 2 * MIB)).status, 204);
  const last = await upload.piece(2 * MIB, upload.bytes);
  assert.equal(last.status, 201, last.text);
  assert.ok(parseReceipt(last.text));
  assert.deepEqual(receiver.files(), ["episodes/lab-1/a.json", "episodes/lab-1/a.tar.zst"]);
  assert.equal((await upload.announce()).status, 200, "announced again: it is stored");
  assert.equal((await upload.piece(2 * MIB, upload.bytes)).status, 200, "sent again: the same");
});

Deno.test("after a crash of the receiver an announcement goes on where the bytes are synced", async () => {
  await using test = await setUp(3 * MIB);
  const { receiver, upload } = test;
  await upload.announce();
  await upload.piece(0, MIB);

  const half = await connect(receiver.address);
  const body = upload.what.bytes.subarray(MIB, 2 * MIB);
  const lines = [
    `PATCH ${upload.upload} HTTP/1.1`,
    "host: x",
    `authorization: Bearer ${test.token}`,
    `content-length: ${body.byteLength}`,
    ...Object.entries(pieceHeaders(body, MIB, false)).map(([k, v]) => `${k}: ${v}`),
  ];
  await send(half, [
    new TextEncoder().encode(lines.join("\r\n") + "\r\n\r\n"),
    body.subarray(0, MIB - 1000),
  ]);
  const [state] = receiver.files().filter((path) => path.endsWith(".partial"));
  const deadline = Date.now() + 5000;
  while (Deno.statSync(`${receiver.storeDir}/${state}`).size <= MIB) {
    assert.ok(Date.now() < deadline, "the torn tail is on the disk");
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  await receiver.crashAndRun();
  half.close();

  const again = await upload.announce();
  assert.equal(again.status, 201);
  assert.equal(again.headers.get("upload-offset"), String(MIB));
  assert.equal((await upload.piece(MIB, 2 * MIB)).status, 204);
  assert.equal((await upload.piece(2 * MIB, upload.bytes)).status, 201);
});

Deno.test("an upload that was admitted goes on when its commit has left the window", async () => {
  await using test = await setUp(MIB);
  const { receiver, upload } = test;
  await upload.announce();
  await receiver.runWithoutWindow();
  assert.equal((await upload.announce()).status, 201);
  assert.equal((await upload.piece(0, upload.bytes)).status, 201);
});

Deno.test("a piece counts only where the upload ends, with its digest, and with lengths that agree", async () => {
  await using test = await setUp(2 * MIB);
  const { upload, receiver } = test;
  const unknown = await upload.piece(0, MIB);
  assert.equal(unknown.problem, "upload-unknown");
  assert.equal((await upload.head()).status, 404);
  await upload.announce();

  const ahead = await upload.piece(MIB, 2 * MIB);
  assert.equal(ahead.status, 409);
  assert.equal(ahead.problem, "mismatching-upload-offset");
  assert.equal(ahead.headers.get("upload-offset"), "0");
  const offsetIs = async (offset: number) =>
    assert.equal((await upload.head()).headers.get("upload-offset"), String(offset));

  const wrong = await upload.piece(0, MIB, { "content-digest": digestField("1".repeat(64)) });
  assert.equal(wrong.problem, "bad-digest");
  await offsetIs(0);
  const missing = await upload.piece(0, MIB, { "content-digest": "md5=:AA==:" });
  assert.equal(missing.problem, "bad-digest");
  const early = await upload.piece(0, MIB, { "upload-complete": "?1" });
  assert.equal(early.problem, "inconsistent-upload-length");
  const late = await upload.piece(0, upload.bytes, { "upload-complete": "?0" });
  assert.equal(late.problem, "inconsistent-upload-length");
  const type = await upload.piece(0, MIB, { "content-type": "application/zstd" });
  assert.equal(type.problem, "bad-request");
  const offset = await upload.piece(0, MIB, { "upload-offset": "-1" });
  assert.equal(offset.problem, "bad-request");
  const huge = await receiver.ask({
    method: "PATCH",
    path: upload.upload,
    headers: pieceHeaders(new Uint8Array(), 0, false),
    contentLength: 16 * MIB + 1,
  }, test.token);
  assert.equal(huge.problem, "bad-request");
  await offsetIs(0);

  assert.equal((await upload.piece(0, MIB)).status, 204);
  assert.equal((await upload.piece(0, MIB)).problem, "mismatching-upload-offset", "sent twice");
  await offsetIs(MIB);
  assert.equal((await upload.piece(MIB, upload.bytes)).status, 201);
});

Deno.test("an announcement is refused like a PUT, before a byte is sent", async () => {
  await using test = await setUp(0, "[limits]\nmax_archive_mb = 1\nmin_free_mb = 1");
  const { receiver, upload, token } = test;
  const old = "0".repeat(40);
  const outside = new Uploading(receiver, token, sample(old), "a", old);
  assert.equal((await outside.announce()).problem, "out-of-window");
  const large = await upload.announce({ "upload-length": String(MIB + 1) });
  assert.equal(large.problem, "too-large");
  assert.equal((await upload.announce({ "upload-length": "0" })).problem, "not-an-archive");
  assert.equal((await upload.announce({ "upload-length": "x" })).problem, "bad-request");
  assert.deepEqual(receiver.files(), []);
});

Deno.test("an announcement with another archive drops the older partial of its episode", async () => {
  await using test = await setUp(MIB);
  const { receiver, upload, token } = test;
  await upload.announce();
  await upload.piece(0, 1000);
  const other = new Uploading(receiver, token, sample(receiver.stamp, MIB));
  assert.equal((await other.announce()).status, 201);
  assert.equal((await upload.piece(1000, 2000)).problem, "upload-unknown");
  assert.equal(receiver.files().filter((path) => path.endsWith(".partial")).length, 1);
  const another = new Uploading(receiver, token, sample(receiver.stamp, 1000), "b");
  await another.announce();
  assert.equal((await other.head()).status, 204, "another episode's stays");
});

Deno.test("a newer request for an upload takes over from an older one that hangs", async () => {
  await using test = await setUp(2 * MIB);
  const { receiver, upload, token } = test;
  await upload.announce();
  const hanging = await connect(receiver.address);
  const body = upload.what.bytes.subarray(0, MIB);
  const lines = [
    `PATCH ${upload.upload} HTTP/1.1`,
    "host: x",
    `authorization: Bearer ${token}`,
    `content-length: ${body.byteLength}`,
    ...Object.entries(pieceHeaders(body, 0, false)).map(([k, v]) => `${k}: ${v}`),
  ];
  await send(hanging, [
    new TextEncoder().encode(lines.join("\r\n") + "\r\n\r\n"),
    body.subarray(0, 1000),
  ]);
  const older = readUntil(hanging, /\/problems\/busy/);
  const again = await upload.announce();
  assert.equal(again.status, 201);
  assert.equal(again.headers.get("upload-offset"), "0");
  assert.match(await older, /^HTTP\/1.1 503 /);
  hanging.close();
  const answers = await Promise.all([
    upload.piece(0, upload.bytes),
    upload.piece(0, upload.bytes),
    upload.piece(0, upload.bytes),
  ]);
  const statuses = answers.map(({ status }) => status);
  assert.ok(statuses.includes(201) || statuses.includes(200), `${statuses}`);
  assert.ok(statuses.every((status) => [200, 201, 409, 503, 400].includes(status)), `${statuses}`);
  const [, , ...rest] = receiver.files();
  assert.deepEqual(rest, [], "one stored copy, nothing beside it");
});

Deno.test("an archive that turns out bad at its end is refused, dropped, and may be sent anew", async () => {
  await using test = await setUp(MIB);
  const { receiver, upload, token } = test;
  const good = upload.what;
  const bad = { ...good, episodeDigest: "1".repeat(64) };
  const lying = new Uploading(receiver, token, bad);
  await lying.announce();
  const answer = await lying.piece(0, lying.bytes);
  assert.equal(answer.problem, "bad-digest");
  assert.deepEqual(receiver.files(), []);
  assert.equal((await upload.announce()).headers.get("upload-offset"), "0");
  assert.equal((await upload.piece(0, upload.bytes)).status, 201);
});

Deno.test("all bytes here and a crash before the receipt: announcing again verifies and stores", async () => {
  await using test = await setUp(MIB);
  const { receiver, upload } = test;
  await upload.announce();
  await upload.piece(0, upload.bytes - 1);
  // The state as it is when the last piece is synced and the process is killed at once.
  const [state] = receiver.files().filter((path) => path.endsWith(".json"));
  await receiver.end("SIGKILL");
  const path = `${receiver.storeDir}/${state}`;
  await Deno.writeFile(path.replace(/json$/, "partial"), upload.what.bytes);
  const members = JSON.parse(await Deno.readTextFile(path));
  await Deno.writeTextFile(path, JSON.stringify({ ...members, offset_bytes: upload.bytes }));
  await receiver.run();
  const empty = await upload.piece(upload.bytes, upload.bytes);
  assert.equal(empty.status, 201, empty.text);
  assert.deepEqual(receiver.files(), ["episodes/lab-1/a.json", "episodes/lab-1/a.tar.zst"]);
});

Deno.test("a crash between the archive and its receipt: the episode is stored at the next start, and its partial gone", async () => {
  await using test = await setUp(MIB);
  const { receiver, upload } = test;
  await upload.announce();
  await upload.piece(0, upload.bytes - 1);
  await receiver.end("SIGKILL");
  await Deno.mkdir(`${receiver.storeDir}/episodes/lab-1`, { recursive: true });
  await Deno.writeFile(`${receiver.storeDir}/episodes/lab-1/a.tar.zst`, upload.what.bytes);
  await receiver.run();
  const expected = "episodes/lab-1/a.json episodes/lab-1/a.tar.zst";
  for (const end = Date.now() + 10_000; receiver.files().join(" ") !== expected;) {
    assert.ok(Date.now() < end, receiver.files().join(" "));
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  assert.equal((await upload.announce()).status, 200);
});

Deno.test("a whole PUT and pieces of the same episode leave one copy, and each its right answer", async () => {
  await using test = await setUp(MIB);
  const { receiver, upload, token } = test;
  await upload.announce();
  await upload.piece(0, 1000);
  const whole = await receiver.ask({
    method: "PUT",
    path: upload.path,
    headers: putHeaders(upload.what, upload.stamp),
    body: upload.what.bytes,
  }, token);
  assert.equal(whole.status, 201);
  assert.equal((await upload.piece(1000, upload.bytes)).status, 200);
  assert.deepEqual(receiver.files(), ["episodes/lab-1/a.json", "episodes/lab-1/a.tar.zst"]);
});
