/** What a request leaves in memory, it leaves for as long as the receiver runs: months. */
import assert from "node:assert/strict";
import { inParallel, MIB, mib, startReceiver } from "./crowd.ts";

const LANES = 32;
const REQUESTS = 30_000;
/** Half a KiB a request would be 15 MiB. */
const LIMIT_BYTES = 12 * MIB;

Deno.test("thirty thousand requests leave nothing in memory", async () => {
  await using receiver = await startReceiver();
  const { address } = receiver;
  assert.ok(address.transport === "tcp");
  const url = `http://${address.hostname}:${address.port}/healthz`;
  const ask = () =>
    inParallel(REQUESTS, LANES, async () => {
      const answer = await fetch(url);
      assert.equal(await answer.text(), "ok\n");
    });
  // The engine's own heap has found its size by then.
  await ask();
  const before = receiver.rssBytes();
  await ask();
  const after = receiver.rssBytes();
  assert.ok(after - before < LIMIT_BYTES, `from ${mib(before)} to ${mib(after)}`);
});
