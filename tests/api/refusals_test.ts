import assert from "node:assert/strict";
import type { ProblemName } from "../../lib/wire/mod.ts";
import { concat, END, file, header } from "../archive/tar.ts";
import { type Answer, ask, askRaw, connect, readAll, send } from "./http.ts";
import { TestReceiver } from "./receiver.ts";
import { digestField, digestsOf, putHeaders, type Sample, sample, sampleOf } from "./sample.ts";

const PATH = "/v1/episodes/lab-1/a";
const OLD = "0".repeat(40);

interface Wrong {
  readonly name: string;
  readonly problem: ProblemName;
  readonly status: number;
  readonly what?: Sample;
  readonly path?: string;
  readonly stamp?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly without?: string;
  readonly body?: Uint8Array;
  readonly contentLength?: number | "none";
}

function wrongs(stamp: string): readonly Wrong[] {
  const meta = JSON.stringify({ code_version: { commit: stamp } });
  const good = sample(stamp);
  const flipped = good.bytes.slice();
  flipped[flipped.byteLength - 10] = (flipped[flipped.byteLength - 10] ?? 0) ^ 1;
  const tar = (...parts: Uint8Array[][]) => sampleOf(concat(...parts, END));
  return [
    { name: "no stamp", problem: "unstamped", status: 400, without: "cis490-code-commit" },
    { name: "a stamp in capitals", problem: "unstamped", status: 400, stamp: "A".repeat(40) },
    { name: "an old stamp", problem: "out-of-window", status: 412, stamp: OLD, what: sample(OLD) },
    { name: "no archive digest", problem: "bad-digest", status: 400, without: "repr-digest" },
    {
      name: "an archive digest in hex",
      problem: "bad-digest",
      status: 400,
      headers: { "repr-digest": good.archiveDigest },
    },
    {
      name: "no episode digest",
      problem: "bad-digest",
      status: 400,
      without: "cis490-episode-digest",
    },
    {
      name: "another archive's digest",
      problem: "bad-digest",
      status: 400,
      headers: { "repr-digest": digestField("1".repeat(64)) },
    },
    {
      name: "another episode's digest",
      problem: "bad-digest",
      status: 400,
      headers: { "cis490-episode-digest": digestField("1".repeat(64)) },
    },
    { name: "a bit that flipped on the way", problem: "bad-digest", status: 400, body: flipped },
    { name: "no length", problem: "bad-request", status: 400, contentLength: "none" },
    {
      name: "a wrong media type",
      problem: "bad-request",
      status: 400,
      headers: { "content-type": "text/html" },
    },
    {
      name: "a content coding",
      problem: "bad-request",
      status: 400,
      headers: { "content-encoding": "gzip" },
    },
    {
      name: "an Upload-Complete that is none",
      problem: "bad-request",
      status: 400,
      headers: { "upload-complete": "yes" },
    },
    {
      name: "an announcement with a body",
      problem: "bad-request",
      status: 400,
      headers: { "upload-complete": "?0", "upload-length": "10" },
    },
    {
      name: "an Upload-Length that is not the body's",
      problem: "inconsistent-upload-length",
      status: 400,
      headers: { "upload-length": "1" },
    },
    {
      name: "an empty body",
      problem: "not-an-archive",
      status: 400,
      what: digestsOf(new Uint8Array()),
    },
    {
      name: "something else than an archive",
      problem: "not-an-archive",
      status: 400,
      what: digestsOf(new TextEncoder().encode("<html>not an archive</html>")),
    },
    {
      name: "an archive cut short",
      problem: "not-an-archive",
      status: 400,
      what: digestsOf(good.bytes.subarray(0, -4)),
    },
    {
      name: "a link out of the tree",
      problem: "unsafe-entry",
      status: 422,
      what: tar(file("meta.json", meta), [header({ name: "l", type: "2", linkname: "../../x" })]),
    },
    {
      name: "an archive without meta.json",
      problem: "bad-meta",
      status: 422,
      what: tar(file("a", "b")),
    },
    {
      name: "a meta.json that is not JSON",
      problem: "bad-meta",
      status: 422,
      what: tar(file("meta.json", "no")),
    },
    {
      name: "a meta.json without a stamp",
      problem: "stamp-mismatch",
      status: 400,
      what: tar(file("meta.json", "{}")),
    },
    { name: "another stamp inside", problem: "stamp-mismatch", status: 400, what: sample(OLD) },
    {
      name: "more than may be unpacked",
      problem: "too-large",
      status: 413,
      what: sampleOf(concat(file("meta.json", meta), file("zeros", "\0".repeat(9_000_000)), END)),
    },
    {
      name: "more than an archive may have",
      problem: "too-large",
      status: 413,
      contentLength: 5 * 1024 * 1024,
      body: new Uint8Array(1000),
    },
    {
      name: "a host that is none",
      problem: "bad-id",
      status: 400,
      path: "/v1/episodes/..%2f/a",
    },
    { name: "an id with dots", problem: "bad-id", status: 400, path: "/v1/episodes/lab-1/%2e%2e" },
    { name: "an id of two parts", problem: "bad-id", status: 400, path: "/v1/episodes/lab-1/a/b" },
    { name: "an id with a tilde", problem: "bad-id", status: 400, path: "/v1/episodes/lab-1/a~2" },
    {
      name: "an id that is too long",
      problem: "bad-id",
      status: 400,
      path: `/v1/episodes/lab-1/${"a".repeat(129)}`,
    },
    {
      name: "another host's path",
      problem: "wrong-host",
      status: 403,
      path: "/v1/episodes/lab-2/a",
    },
    { name: "no such path", problem: "not-found", status: 404, path: "/v2/episodes/lab-1/a" },
  ];
}

Deno.test("every refusal of a PUT has its name, comes from the receiver, and leaves nothing behind", async (t) => {
  await using receiver = await TestReceiver.start({
    tables: "[limits]\nmax_archive_mb = 4\nmax_unpacked_mb = 8",
  });
  const token = await receiver.token("lab-1");
  await receiver.token("lab-2");
  for (const wrong of wrongs(receiver.stamp)) {
    await t.step(wrong.name, async () => {
      const answer = await putWrong(receiver, token, wrong);
      assert.equal(answer.problem, wrong.problem, answer.text);
      assert.equal(answer.status, wrong.status);
      assert.match(answer.headers.get("cis490-receiver") ?? "", /^\d+\.\d+\.\d+/);
      assert.deepEqual(receiver.files(), []);
    });
  }
  assert.doesNotMatch(receiver.log, /event=request-failed/);
  const good = sample(receiver.stamp);
  assert.equal((await putWrong(receiver, token, { what: good })).status, 201, "it still serves");
});

function putWrong(
  receiver: TestReceiver,
  token: string,
  wrong: Partial<Wrong>,
): Promise<Answer> {
  const stamp = wrong.stamp ?? receiver.stamp;
  const what = wrong.what ?? sample(receiver.stamp);
  const headers = { ...putHeaders(what, stamp), ...wrong.headers };
  if (wrong.without !== undefined) delete headers[wrong.without];
  return receiver.ask({
    method: "PUT",
    path: wrong.path ?? PATH,
    headers,
    body: wrong.body ?? what.bytes,
    ...(wrong.contentLength === undefined ? {} : { contentLength: wrong.contentLength }),
  }, token);
}

Deno.test("a refusal says what is wrong in a way that programs and people can use", async () => {
  await using receiver = await TestReceiver.start();
  const token = await receiver.token("lab-1");
  const answer = await putWrong(receiver, token, { stamp: OLD, what: sample(OLD) });
  const problem = JSON.parse(answer.text);
  assert.equal(problem.type, "/problems/out-of-window");
  assert.equal(problem.stamp, OLD);
  assert.equal(problem.newest, receiver.stamp);
  assert.equal(problem.source, "git-fallback");
  assert.ok(problem.age_s >= 0);
  assert.match(problem.remediation, /git pull/);
  const page = await receiver.ask({ method: "GET", path: problem.type });
  assert.equal(page.status, 200);
  assert.match(page.text, /<h1>The commit is not among those accepted now<\/h1>/);
  const list = await receiver.ask({ method: "GET", path: "/problems/" });
  assert.match(list.text, /href="\/problems\/out-of-window"/);
  const none = await receiver.ask({ method: "GET", path: "/problems/no-such" });
  assert.equal(none.problem, "not-found");
});

Deno.test("without a known token nothing is told, not even whether an id is good", async () => {
  await using receiver = await TestReceiver.start();
  const headers = [
    {},
    { authorization: "Basic eDp5" },
    { authorization: "Bearer" },
    { authorization: "Bearer unknown" },
  ];
  for (const path of [PATH, "/v1/episodes/lab-1/%2e%2e"]) {
    for (const one of headers) {
      const answer = await ask(receiver.address, { method: "PUT", path, headers: one });
      assert.equal(answer.problem, "unauthorized");
      assert.equal(answer.headers.get("www-authenticate"), "Bearer");
    }
  }
  assert.doesNotMatch(receiver.log, /unknown token|Bearer unknown/);
  const told = [...receiver.log.matchAll(/event=(?:token-refused|request-refused)/g)];
  assert.deepEqual(told.map(([event]) => event), ["event=token-refused"], "once a minute");
});

Deno.test("a method that a path does not take is answered by those that it takes", async () => {
  await using receiver = await TestReceiver.start();
  const cases: readonly (readonly [string, string, string])[] = [
    ["GET", PATH, "PUT, HEAD"],
    ["DELETE", PATH, "PUT, HEAD"],
    ["PUT", `/v1/uploads/lab-1/a/${"1".repeat(64)}`, "PATCH, HEAD"],
    ["GET", "/v1/ping", "POST"],
    ["POST", "/v1/window", "GET, HEAD"],
    ["POST", "/healthz", "GET, HEAD"],
    ["constructor", "/healthz", "GET, HEAD"],
  ];
  for (const [method, path, allow] of cases) {
    const answer = await receiver.ask({ method, path });
    assert.equal(answer.status, 405, `${method} ${path}`);
    assert.equal(answer.headers.get("allow"), allow);
    assert.equal(answer.problem, "method-not-allowed");
  }
});

Deno.test("a large body is refused before it is sent, to whoever waits for 100 Continue", async () => {
  await using receiver = await TestReceiver.start();
  const token = await receiver.token("lab-1");
  const what = sample(OLD);
  const answer = await receiver.ask({
    method: "PUT",
    path: PATH,
    headers: { ...putHeaders(what, OLD), expect: "100-continue" },
    contentLength: 1_000_000,
  }, token);
  assert.equal(answer.problem, "out-of-window");
  const large = await receiver.ask({
    method: "PUT",
    path: PATH,
    headers: putHeaders(what, OLD),
    contentLength: 100_000_000,
    body: new Uint8Array(1000),
  }, token);
  assert.equal(large.problem, "out-of-window", "answered though 99,999,000 bytes never come");
});

Deno.test("a client that goes away in the middle leaves nothing", async () => {
  await using receiver = await TestReceiver.start();
  const token = await receiver.token("lab-1");
  const what = sample(receiver.stamp, 500_000);
  const headers = Object.entries(putHeaders(what, receiver.stamp)).map(([k, v]) => `${k}: ${v}`);
  const head = [
    `PUT ${PATH} HTTP/1.1`,
    "host: x",
    `authorization: Bearer ${token}`,
    `content-length: ${what.bytes.byteLength}`,
    ...headers,
  ];
  const connection = await connect(receiver.address);
  await send(connection, [
    new TextEncoder().encode(head.join("\r\n") + "\r\n\r\n"),
    what.bytes.subarray(0, 300_000),
  ]);
  const deadline = Date.now() + 5000;
  while (receiver.files().length === 0) {
    assert.ok(Date.now() < deadline, "the body has its place");
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  connection.close();
  while (receiver.files().length > 0) {
    assert.ok(Date.now() < deadline, `${receiver.files()}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  assert.match(receiver.log, /event=request-cut/);
});

Deno.test("a body that ends before it is whole is told as such, and leaves nothing", async () => {
  await using receiver = await TestReceiver.start();
  const token = await receiver.token("lab-1");
  const what = sample(receiver.stamp, 200_000);
  const fields = {
    host: "receiver",
    connection: "close",
    authorization: `Bearer ${token}`,
    "content-length": `${what.bytes.byteLength}`,
    ...putHeaders(what, receiver.stamp),
  };
  const lines = Object.entries(fields).map(([name, value]) => `${name}: ${value}\r\n`);
  const connection = await connect(receiver.address);
  const head = new TextEncoder().encode(`PUT ${PATH} HTTP/1.1\r\n${lines.join("")}\r\n`);
  await send(connection, [head, what.bytes.subarray(0, 100_000)]);
  for (let tries = 0; receiver.files().length === 0; tries++) {
    assert.ok(tries < 500, "the body has its place");
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  if ("closeWrite" in connection) await connection.closeWrite();
  const answer = new TextDecoder().decode(await readAll(connection));
  connection.close();
  assert.match(answer, /^HTTP\/1.1 408 .*"type":"\/problems\/incomplete-body"/s);
  assert.match(receiver.log, /event=request-cut/);
  assert.deepEqual(receiver.files(), []);
});

Deno.test("what is not HTTP, or bends it, upsets nobody", async () => {
  await using receiver = await TestReceiver.start();
  const token = await receiver.token("lab-1");
  const bytes = (text: string) => new TextEncoder().encode(text);
  const auth = `authorization: Bearer ${token}\r\n`;
  const junk = [
    "\r\n\r\n",
    "GET\r\n\r\n",
    "GET / HTTP/9.9\r\n\r\n",
    `PUT ${PATH} HTTP/1.1\r\nhost: x\r\n${auth}content-length: -1\r\n\r\n`,
    `PUT ${PATH} HTTP/1.1\r\nhost: x\r\n${auth}content-length: 5\r\ncontent-length: 6\r\n\r\nhello`,
    `PUT ${PATH} HTTP/1.1\r\nhost: x\r\n${auth}transfer-encoding: chunked\r\n\r\nzz\r\n`,
    `PUT ${PATH} HTTP/1.1\r\nhost: x\r\n${auth}content-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n`,
    `PUT /v1/episodes/lab-1/a\0b HTTP/1.1\r\nhost: x\r\n${auth}\r\n`,
    `PUT /v1/episodes/lab-1/%00 HTTP/1.1\r\nhost: x\r\n${auth}connection: close\r\n\r\n`,
    `PUT /v1/episodes/lab-1/a?x=/../../y HTTP/1.1\r\nhost: x\r\n${auth}connection: close\r\n\r\n`,
    `PUT //v1/episodes/lab-1/a HTTP/1.1\r\nhost: x\r\n${auth}connection: close\r\n\r\n`,
    `PUT http://elsewhere/v1/episodes/lab-1/a HTTP/1.1\r\nhost: x\r\n${auth}connection: close\r\n\r\n`,
    `OPTIONS * HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n`,
    `GET /${"a".repeat(100_000)} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n`,
    `GET / HTTP/1.1\r\nhost: x\r\n${"a: b\r\n".repeat(150)}\r\n`,
    `GET / HTTP/1.1\r\nhost: x\r\na: ${"b".repeat(1_000_000)}\r\n\r\n`,
    `CONNECT receiver:1 HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n`,
  ];
  for (const one of junk) {
    const connection = await connect(receiver.address);
    await send(connection, [bytes(one)]);
    if ("closeWrite" in connection) await connection.closeWrite();
    const answer = new TextDecoder().decode(await readAll(connection));
    connection.close();
    assert.match(
      answer,
      /^$|^HTTP\/1\.[01] 4\d\d /,
      `${JSON.stringify(one.slice(0, 100))}: ${answer}`,
    );
  }
  assert.deepEqual(receiver.files(), []);
  assert.doesNotMatch(receiver.log, /event=request-failed/);
  const alive = await askRaw(
    receiver.address,
    bytes("GET /healthz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n"),
  );
  assert.equal(alive.status, 200);
});

Deno.test("an archive that was bad is told from one that was damaged on the way", async () => {
  await using receiver = await TestReceiver.start();
  const token = await receiver.token("lab-1");
  // Long enough to come in several chunks: the flaw is seen in the first, the digest known after the last.
  const noise = Array.from({ length: 20_000 }, () => crypto.randomUUID()).join("");
  const tar = concat(file("a", "no meta.json"), file("b", noise), END);
  const bad = sampleOf(tar);
  assert.equal((await putWrong(receiver, token, { what: bad })).problem, "bad-meta");
  const onTheWay = { ...bad, archiveDigest: sampleOf(concat(END, tar)).archiveDigest };
  assert.equal((await putWrong(receiver, token, { what: onTheWay })).problem, "bad-digest");
});
