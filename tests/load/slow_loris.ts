/** Clients that send a byte now and then, half of them in the head of a request, half in a body; and one that works. */
import assert from "node:assert/strict";
import type { TestReceiver } from "../api/receiver.ts";
import { putHeaders, type Sample, sample } from "../api/sample.ts";
import { drip, quantiles, sleep, startReceiver } from "./crowd.ts";

const DRIP_MS = 500;
const PAUSE_MS = 250;

export interface SlowLorisFigures {
  /** A PUT of 10 KB and a ping, one after the other. */
  readonly served: number;
  readonly medianMs: number;
  readonly p95Ms: number;
  /** The same with nobody else there. */
  readonly aloneMedianMs: number;
}

/** Throws when the client that works is refused anything. */
export async function slowLoris(
  connections: number,
  durationMs: number,
): Promise<SlowLorisFigures> {
  await using receiver = await startReceiver();
  const [mean, honest] = [await receiver.token("mean"), await receiver.token("lab-1")];
  const alone = await workFor(receiver, honest, "alone", Math.min(durationMs, 5000));

  const stopping = new AbortController();
  const what = sample(receiver.stamp, 10_000);
  const lorises = Array.from({ length: connections }, (_, at) => {
    const head = headOf(`slow-${at}`, mean, what, receiver.stamp);
    const parts = at % 2 === 0
      ? { atOnce: new Uint8Array(), slowly: head }
      : { atOnce: head, slowly: what.bytes };
    return drip(receiver.address, { ...parts, everyMs: DRIP_MS }, stopping.signal);
  });
  await sleep(2 * DRIP_MS);
  const times = await workFor(receiver, honest, "run", durationMs);
  stopping.abort();
  await Promise.all(lorises);
  assert.doesNotMatch(receiver.log, /event=request-failed/);
  const { median, p95 } = quantiles(times);
  return {
    served: times.length,
    medianMs: Math.round(median),
    p95Ms: Math.round(p95),
    aloneMedianMs: Math.round(quantiles(alone).median),
  };
}

function headOf(id: string, token: string, what: Sample, stamp: string): Uint8Array {
  const fields = {
    host: "receiver",
    authorization: `Bearer ${token}`,
    "content-length": `${what.bytes.byteLength}`,
    ...putHeaders(what, stamp),
  };
  const lines = Object.entries(fields).map(([name, value]) => `${name}: ${value}\r\n`);
  const text = `PUT /v1/episodes/mean/${id} HTTP/1.1\r\n${lines.join("")}\r\n`;
  return new TextEncoder().encode(text);
}

/** How long each took, in ms. */
async function workFor(
  receiver: TestReceiver,
  token: string,
  name: string,
  durationMs: number,
): Promise<number[]> {
  const times: number[] = [];
  for (const end = performance.now() + durationMs; performance.now() < end;) {
    const what = sample(receiver.stamp, 10_000);
    const startedMs = performance.now();
    const path = `/v1/episodes/lab-1/${name}-${times.length}`;
    const headers = putHeaders(what, receiver.stamp);
    const put = await receiver.ask({ method: "PUT", path, headers, body: what.bytes }, token);
    assert.equal(put.status, 201, put.text);
    const ping = await receiver.ask({ method: "POST", path: "/v1/ping" }, token);
    assert.equal(ping.status, 200, ping.text);
    times.push(performance.now() - startedMs);
    await sleep(PAUSE_MS);
  }
  return times;
}
