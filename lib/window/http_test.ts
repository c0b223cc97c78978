import assert from "node:assert/strict";
import { createRequestText } from "./http.ts";
import { WindowError } from "./source.ts";

const LIMITS = { timeoutMs: 2000, limitBytes: 10 };

function failure(code: string, words: RegExp) {
  return (error: unknown) => {
    assert.ok(error instanceof WindowError, String(error));
    assert.equal(error.code, code);
    assert.match(error.message, words);
    return true;
  };
}

/** The clients live as long as the process. */
function test(name: string, fn: () => Promise<void>): void {
  Deno.test({ name, sanitizeResources: false, fn });
}

for (const hostname of ["127.0.0.1", "::1"]) {
  test(`a server on ${hostname} is asked, with headers, whatever proxy is configured`, async () => {
    await using server = Deno.serve(
      { hostname, port: 0, onListen() {} },
      ({ headers }) => new Response(headers.get("user-agent"), { status: 418 }),
    );
    const host = hostname.includes(":") ? `[${hostname}]` : hostname;
    const origin = `http://${host}:${server.addr.port}`;
    const { status, body } = await createRequestText(origin)({
      url: `${origin}/x`,
      headers: { "user-agent": "test" },
      ...LIMITS,
    });
    assert.deepEqual([status, body], [418, "test"]);
  });
}

test("a redirect is an answer", async () => {
  await using server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    () => Response.redirect("http://127.0.0.1:1/elsewhere"),
  );
  const origin = `http://127.0.0.1:${server.addr.port}`;
  const { status, headers } = await createRequestText(origin)({
    url: origin,
    headers: {},
    ...LIMITS,
  });
  assert.deepEqual([status, headers.get("location")], [302, "http://127.0.0.1:1/elsewhere"]);
});

test("a longer body than allowed is no answer", async () => {
  await using server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    () => new Response("12345678901"),
  );
  const origin = `http://127.0.0.1:${server.addr.port}`;
  await assert.rejects(
    createRequestText(origin)({ url: origin, headers: {}, ...LIMITS }),
    failure("malformed", /more than 10 bytes/),
  );
});

for (const origin of ["http://127.0.0.1:1", "https://127.0.0.1:1"]) {
  test(`${origin}, where nobody listens, can't be reached, and the reason is said once`, async () => {
    await assert.rejects(
      createRequestText(origin)({ url: origin, headers: {}, ...LIMITS }),
      failure("unreachable", new RegExp(`^${origin} can't be reached: tcp connect error: Conn`)),
    );
  });
}

test("a server that speaks no TLS is told apart", async () => {
  await using server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    () => new Response(""),
  );
  const origin = `https://127.0.0.1:${server.addr.port}`;
  await assert.rejects(
    createRequestText(origin)({ url: origin, headers: {}, ...LIMITS }),
    failure("unreachable", /can't be reached: .*(InvalidContentType|corrupt message)/),
  );
});
