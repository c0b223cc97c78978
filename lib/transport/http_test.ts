import assert from "node:assert/strict";
import { systemClock } from "../sys/mod.ts";
import { BODY_LIMIT_BYTES, Http, type Request as Asked, type Sent } from "./http.ts";
import { parseTarget } from "./target.ts";

const GET: Asked = { method: "GET", path: "/x", timeoutMs: 5000 };
const never = () => new AbortController().signal;

function client(port: number, readToken = () => "secret"): Http {
  return new Http(systemClock, {
    target: parseTarget(`http://127.0.0.1:${port}`),
    userAgent: "cis490/0",
    readToken,
    certificates: undefined,
  });
}

/** One request to a server of HTTP. `over` is aborted when our side has its answer. */
async function ask(
  handler: (request: Request, over: AbortSignal) => Response | Promise<Response>,
  request: Asked = GET,
  signal = never(),
): Promise<Sent> {
  const over = new AbortController();
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    (received) => handler(received, over.signal),
  );
  const http = client(server.addr.port);
  try {
    return await http.send(request, signal);
  } finally {
    over.abort();
    http.close();
    await server.shutdown();
  }
}

/** One request to a server that writes `reply` after the first bytes, whatever they are, and hangs up. */
async function askRaw(reply: string): Promise<Sent> {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const serving = (async () => {
    for await (const connection of listener) {
      const got = await connection.read(new Uint8Array(65536));
      if (got !== null && reply !== "") await connection.write(new TextEncoder().encode(reply));
      connection.close();
    }
  })();
  const http = client(listener.addr.port);
  try {
    return await http.send(GET, never());
  } finally {
    http.close();
    listener.close();
    await serving;
  }
}

function unreachable(sent: Sent): { layer: string; why: string } {
  assert.equal(sent.kind, "unreachable");
  return sent.kind === "unreachable" ? sent : { layer: "", why: "" };
}

Deno.test("a request carries the token, a Content-Length and our name", async () => {
  const body = new Uint8Array([1, 2, 3]);
  let seen: unknown;
  const sent = await ask(async (request) => {
    seen = {
      method: request.method,
      authorization: request.headers.get("authorization"),
      length: request.headers.get("content-length"),
      agent: request.headers.get("user-agent"),
      own: request.headers.get("x-own"),
      body: new Uint8Array(await request.arrayBuffer()),
    };
    return new Response("hi", { status: 418, headers: { "x-answer": "1" } });
  }, { ...GET, method: "PUT", body, headers: { "x-own": "2" } });
  assert.deepEqual(seen, {
    method: "PUT",
    authorization: "Bearer secret",
    length: "3",
    agent: "cis490/0",
    own: "2",
    body,
  });
  assert.ok(sent.kind === "answer");
  assert.deepEqual([sent.status, sent.headers.get("x-answer"), sent.body], [418, "1", "hi"]);
});

Deno.test("a redirect is an answer, never followed", async () => {
  let requests = 0;
  const sent = await ask(() => {
    requests += 1;
    return new Response(null, { status: 307, headers: { location: "/y" } });
  });
  assert.ok(sent.kind === "answer");
  assert.deepEqual([sent.status, requests], [307, 1]);
});

Deno.test("an answer above the limit is not read to its end", async () => {
  const sent = await ask(() => new Response(new Uint8Array(BODY_LIMIT_BYTES + 1)));
  assert.ok(sent.kind === "answer" && sent.body === undefined);
  const fits = await ask(() => new Response(new Uint8Array(BODY_LIMIT_BYTES)));
  assert.ok(fits.kind === "answer" && fits.body?.length === BODY_LIMIT_BYTES);
});

Deno.test("what fails is named by its layer", async () => {
  const nowhere = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = nowhere.addr;
  nowhere.close();
  const refused = client(port);
  assert.deepEqual(await refused.send(GET, never()), {
    kind: "unreachable",
    layer: "tcp",
    why: "connection refused: nothing listens there",
  });
  refused.close();

  const unnamed = new Http(systemClock, {
    target: parseTarget("http://no-such-name.invalid:1"),
    userAgent: "cis490/0",
    readToken: () => "secret",
    certificates: undefined,
  });
  const name = unreachable(await unnamed.send(GET, never()));
  assert.equal(name.layer, "name");
  assert.match(name.why, /^the receiver's name does not resolve/);
  unnamed.close();

  const cut = {
    kind: "unreachable",
    layer: "tcp",
    why: "the connection was cut before the answer was whole",
  };
  assert.deepEqual(await askRaw(""), cut);
  assert.deepEqual(await askRaw("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nabc"), cut);
  assert.deepEqual(await askRaw("SSH-2.0-OpenSSH_9.2\r\n"), {
    kind: "unreachable",
    layer: "receiver",
    why: "what listens there does not speak HTTP",
  });
});

Deno.test("silence ends with the time-out, in seconds; an aborted signal ends it at once", async () => {
  const silent = (over: AbortSignal) =>
    new Promise<Response>((done) => over.addEventListener("abort", () => done(new Response())));
  const began = performance.now();
  const late = unreachable(await ask((_, over) => silent(over), { ...GET, timeoutMs: 1000 }));
  assert.deepEqual([late.layer, late.why], ["receiver", "no answer within 1 s"]);
  assert.ok(performance.now() - began < 3000);

  const stop = new AbortController();
  const asking = ask(
    (_, over) => {
      stop.abort();
      return silent(over);
    },
    GET,
    stop.signal,
  );
  assert.deepEqual(await asking, { kind: "aborted" });
});

Deno.test("a body that stalls counts against the same time-out", async () => {
  const stalling = new ReadableStream({
    start: (controller) => controller.enqueue(new Uint8Array(10)),
  });
  const sent = await ask(() => new Response(stalling), { ...GET, timeoutMs: 500 });
  assert.equal(unreachable(sent).layer, "receiver");
});

Deno.test("a connection that is never accepted ends with the time-out of connections", async () => {
  // Names the layer when even the bare connection hangs: the clock of the test makes ten seconds short.
  const http = new Http({
    monotonic: () => 0,
    sleep: (ms, signal) => systemClock.sleep(ms === 10_000 ? 0 : ms, signal),
  }, {
    target: parseTarget("http://127.0.0.1:9"),
    userAgent: "cis490/0",
    readToken: () => "secret",
    certificates: undefined,
  });
  const sent = unreachable(await http.send(GET, AbortSignal.timeout(5000)));
  assert.equal(sent.layer, "tcp");
  http.close();
});

Deno.test("the token is read anew each time, and its absence is said without a request", async () => {
  const tokens = ["one", "two"];
  const seen: (string | null)[] = [];
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, (request) => {
    seen.push(request.headers.get("authorization"));
    return new Response();
  });
  const http = client(server.addr.port, () => {
    const token = tokens.shift();
    if (token === undefined) throw new Error("/etc/cis490/token: no such file");
    return token;
  });
  await http.send(GET, never());
  await http.send({ ...GET, anonymous: true }, never());
  await http.send(GET, never());
  assert.deepEqual(await http.send(GET, never()), {
    kind: "unreachable",
    layer: "token",
    local: true,
    why: "token not ready: /etc/cis490/token: no such file",
  });
  assert.deepEqual(seen, ["Bearer one", null, "Bearer two"]);
  http.close();
  await server.shutdown();
});
