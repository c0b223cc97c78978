import assert from "node:assert/strict";
import { systemClock } from "../sys/mod.ts";
import { BodyCut, drain, readBody } from "./body.ts";

function requestOf(
  chunks: readonly (Uint8Array | "stall")[],
  headers: Record<string, string> = {},
): Request {
  const left = [...chunks];
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      const next = left.shift();
      if (next === "stall") return new Promise(() => {});
      if (next === undefined) controller.close();
      else controller.enqueue(next);
    },
  }, { highWaterMark: 0 });
  return new Request("http://receiver/", { method: "PUT", body, headers });
}

const CHUNK = new Uint8Array(10);

Deno.test("a body without a byte for too long is given up, a slow disk is not held against it", async () => {
  const options = { clock: systemClock, stallMs: 30 };
  let count = 0;
  for await (const chunk of readBody(requestOf([CHUNK, CHUNK, CHUNK]), options)) {
    count += chunk.byteLength;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  assert.equal(count, 30);
  await assert.rejects(Array.fromAsync(readBody(requestOf([CHUNK, "stall"]), options)), BodyCut);
});

Deno.test("an aborted body ends with the reason, also when it was aborted before", async () => {
  const controller = new AbortController();
  const options = { clock: systemClock, stallMs: 60_000, signal: controller.signal };
  const reading = Array.fromAsync(readBody(requestOf([CHUNK, "stall"]), options));
  setTimeout(() => controller.abort(new RangeError("newer")), 5);
  await assert.rejects(reading, RangeError);
  await assert.rejects(Array.fromAsync(readBody(requestOf([CHUNK]), options)), RangeError);
});

Deno.test("only a small body that is really being sent is drained", async () => {
  const options = { clock: systemClock, stallMs: 30 };
  const drained = (headers: Record<string, string>, chunks: Parameters<typeof requestOf>[0]) =>
    drain(requestOf(chunks, headers), options);
  assert.equal(await drained({ "content-length": "10" }, [CHUNK]), true);
  assert.equal(await drained({}, []), true);
  assert.equal(await drained({ "content-length": "10" }, ["stall"]), false);
  assert.equal(await drained({ "content-length": "99999999" }, ["stall"]), false);
  assert.equal(await drained({ "content-length": "10", expect: "100-continue" }, ["stall"]), false);
  assert.equal(await drained({ "transfer-encoding": "chunked" }, ["stall"]), false);
});
