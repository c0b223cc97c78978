import assert from "node:assert/strict";
import { FIXED_LIMITS } from "../../lib/receiver/mod.ts";
import { connect, readAll, send } from "./http.ts";
import { TestReceiver } from "./receiver.ts";
import { putHeaders, sample } from "./sample.ts";

const { maxBodiesPerHost } = FIXED_LIMITS;

Deno.test("so many bodies of a host are read at once; its others wait, and another host does not", async () => {
  await using receiver = await TestReceiver.start();
  const [greedy, modest] = [await receiver.token("greedy"), await receiver.token("modest")];
  const what = sample(receiver.stamp, 100_000);
  const half = what.bytes.byteLength / 2;
  const headers = putHeaders(what, receiver.stamp);
  const headOf = (id: number) => {
    const fields = {
      host: "receiver",
      connection: "close",
      authorization: `Bearer ${greedy}`,
      "content-length": `${what.bytes.byteLength}`,
      ...headers,
    };
    const lines = Object.entries(fields).map(([name, value]) => `${name}: ${value}\r\n`);
    const text = `PUT /v1/episodes/greedy/run-${id} HTTP/1.1\r\n${lines.join("")}\r\n`;
    return new TextEncoder().encode(text);
  };
  const connections: Deno.Conn[] = [];
  for (let at = 0; at < maxBodiesPerHost + 4; at++) {
    const connection = await connect(receiver.address);
    connections.push(connection);
    await send(connection, [headOf(at), what.bytes.subarray(0, half)]);
  }
  const incoming = () => receiver.files().filter((file) => file.endsWith(".incoming")).length;
  for (let tries = 0; incoming() < maxBodiesPerHost; tries++) {
    assert.ok(tries < 500, `${incoming()} are read`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  const path = "/v1/episodes/modest/run-1";
  const put = await receiver.ask({ method: "PUT", path, headers, body: what.bytes }, modest);
  assert.equal(put.status, 201, put.text);
  assert.equal(incoming(), maxBodiesPerHost, "the others wait");

  const answers = await Promise.all(connections.map(async (connection) => {
    await send(connection, [what.bytes.subarray(half)]);
    const answer = new TextDecoder().decode(await readAll(connection));
    connection.close();
    return answer.slice(0, 12);
  }));
  assert.deepEqual(new Set(answers), new Set(["HTTP/1.1 201"]), "all are served in the end");
});
