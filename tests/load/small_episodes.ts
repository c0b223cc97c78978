/** Many clients, each a host of its own, with many small episodes; then what the store, its catalogue and the metrics say. */
import assert from "node:assert/strict";
import { putHeaders, sample } from "../api/sample.ts";
import type { TestReceiver } from "../api/receiver.ts";
import { inParallel, readMetrics, sleep, startReceiver } from "./crowd.ts";

export interface SmallEpisodesFigures {
  readonly seconds: number;
  readonly perSecond: number;
  readonly peakRssBytes: number;
}

/** Throws when an episode is not stored, or what was stored does not agree. */
export async function smallEpisodes(
  clients: number,
  episodes: number,
): Promise<SmallEpisodesFigures> {
  await using receiver = await startReceiver();
  const hosts = Array.from({ length: clients }, (_, at) => `lab-${at}`);
  const tokens = new Map<string, string>();
  for (const host of hosts) tokens.set(host, await receiver.token(host));
  const { address, stamp } = receiver;
  assert.ok(address.transport === "tcp");
  const client = Deno.createHttpClient({ poolMaxIdlePerHost: clients });
  const startedMs = performance.now();
  try {
    await inParallel(episodes, clients, async (at) => {
      const host = hosts[at % clients] ?? "";
      const what = sample(stamp, 200 + at % 2000, `${at}`);
      const url = `http://${address.hostname}:${address.port}/v1/episodes/${host}/run-${at}`;
      const headers = { ...putHeaders(what, stamp), authorization: `Bearer ${tokens.get(host)}` };
      const answer = await fetch(url, {
        method: "PUT",
        headers,
        body: Uint8Array.from(what.bytes),
        client,
      });
      const said = await answer.text();
      assert.equal(answer.status, 201, said);
    });
  } finally {
    client.close();
  }
  const seconds = (performance.now() - startedMs) / 1000;

  const files = receiver.files();
  const archives = files.filter((file) => file.endsWith(".tar.zst"));
  const receipts = new Set(files.filter((file) => file.endsWith(".json")));
  assert.equal(archives.length, episodes);
  assert.equal(receipts.size, episodes);
  for (const archive of archives) {
    assert.ok(receipts.has(archive.replace(/\.tar\.zst$/, ".json")), archive);
  }
  assert.equal(files.length, 2 * episodes, "and nothing else");
  assert.equal(await sumOf(receiver, "cis490_episodes_stored_total"), episodes);
  // The catalogue is written behind what is stored.
  for (let tries = 0; await sumOf(receiver, "cis490_store_episodes") !== episodes; tries++) {
    assert.ok(tries < 120, "the catalogue agrees with the store");
    await sleep(500);
  }
  const peakRssBytes = receiver.rssBytes("VmHWM");
  return { seconds, perSecond: episodes / seconds, peakRssBytes };
}

/** Of all hosts. */
async function sumOf(receiver: TestReceiver, metric: string): Promise<number> {
  let sum = 0;
  for (const [name, value] of await readMetrics(receiver)) {
    if (name.startsWith(`${metric}{`)) sum += value;
  }
  return sum;
}
