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
  const options = { clock: systemClock, bytes: 30, stallMs: 30, patienceMs: 1000 };
  let count = 0;
  for await (const chunk of readBody(requestOf([CHUNK, CHUNK, CHUNK]), options)) {
    count += chunk.byteLength;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  assert.equal(count, 30);
  await assert.rejects(Array.fromAsync(readBody(requestOf([CHUNK, "stall"]), options)), BodyCut);
});

Deno.test("a body that keeps coming is given up when it takes too long altogether", async () => {
  let nowMs = 0;
  const clock = { ...systemClock, monotonic: () => nowMs };
  const drips = new ReadableStream<Uint8Array>({
    pull(controller) {
      nowMs += 30;
      controller.enqueue(CHUNK);
    },
  }, { highWaterMark: 0 });
  const request = new Request("http://receiver/", { method: "PUT", body: drips });
  const options = { clock, bytes: 1e9, stallMs: 60_000, patienceMs: 100 };
  let count = 0;
  const read = async () => {
    for await (const chunk of readBody(request, options)) count += chunk.byteLength;
  };
  await assert.rejects(read(), /999999960 of 1000000000 bytes did not come in time/);
  assert.equal(count, 30);
});

Deno.test("a body that ends before it is whole is cut, one without any bytes too", async () => {
  const options = { clock: systemClock, bytes: 21, stallMs: 1000, patienceMs: 1000 };
  const short = readBody(requestOf([CHUNK, CHUNK]), options);
  await assert.rejects(Array.fromAsync(short), /1 of 21 bytes are missing/);
  const none = readBody(new Request("http://receiver/", { method: "PUT" }), options);
  await assert.rejects(Array.fromAsync(none), BodyCut);
});

Deno.test("an aborted body ends with the reason, also when it was aborted before", async () => {
  const controller = new AbortController();
  const { signal } = controller;
  const options = { clock: systemClock, bytes: 10, stallMs: 60_000, patienceMs: 60_000, signal };
  const reading = Array.fromAsync(readBody(requestOf([CHUNK, "stall"]), options));
  setTimeout(() => controller.abort(new RangeError("newer")), 5);
  await assert.rejects(reading, RangeError);
  await assert.rejects(Array.fromAsync(readBody(requestOf([CHUNK]), options)), RangeError);
});

Deno.test("only a small body that is really being sent is drained", async () => {
  const options = { clock: systemClock, patienceMs: 30 };
  const drained = (headers: Record<string, string>, chunks: Parameters<typeof requestOf>[0]) =>
    drain(requestOf(chunks, headers), options);
  assert.equal(await drained({ "content-length": "10" }, [CHUNK]), true);
  assert.equal(await drained({}, []), true);
  assert.equal(await drained({ "content-length": "10" }, ["stall"]), false);
  assert.equal(await drained({ "content-length": "99999999" }, ["stall"]), false);
  assert.equal(await drained({ "content-length": "10", expect: "100-continue" }, ["stall"]), false);
  assert.equal(await drained({ "transfer-encoding": "chunked" }, ["stall"]), false);
});
