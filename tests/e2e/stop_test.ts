/** SIGTERM at the daemon while it waits for something: it ends soon, and nothing is lost. */
import assert from "node:assert/strict";
import { startRelay } from "../fakes/relay.ts";
import { freePort } from "../tls/caddy.ts";
import { LabHost } from "../transport/lab_host.ts";
import { Pi } from "../transport/pi.ts";
import type { TestProcess } from "../transport/process.ts";

/** The promise. */
const PROMISED_MS = 5_000;

async function stop(daemon: TestProcess, when: string): Promise<void> {
  const began = performance.now();
  assert.equal(await daemon.end(), 0, `${when}\n${daemon.log}`);
  const ms = performance.now() - began;
  console.log(`${when}: ended after ${ms.toFixed(0)} ms`);
  assert.ok(ms < PROMISED_MS, `${when}: ${ms} ms`);
}

Deno.test("SIGTERM ends it within 5 s whatever it waits for, and the next one goes on", async () => {
  const port = freePort();
  await using pi = await Pi.start({ listen: `127.0.0.1:${port}` });
  let bytes = 0;
  await using relay = startRelay(port, { onClientBytes: (sent) => bytes += sent.byteLength });
  await using host = await LabHost.create({
    url: `http://127.0.0.1:${relay.port}`,
    token: await pi.token("lab-host-01"),
    stamp: pi.stamp,
  });
  const untilSent = async (count: number) => {
    const end = performance.now() + 20_000;
    while (bytes < count) {
      assert.ok(performance.now() < end, `${bytes} bytes`);
      await new Promise((done) => setTimeout(done, 5));
    }
  };
  await host.record("large-1", 20_000_000);
  {
    await using daemon = host.daemon();
    await daemon.until(/event=shipper-started/, 20_000);
    await stop(daemon, "just after its start");
  }
  // So long that no answer is back before the signal.
  relay.delayMs = 2_000;
  {
    await using daemon = host.daemon();
    await untilSent(100);
    await stop(daemon, "while it waits for an answer");
  }
  relay.cut();
  // What the relay still holds back is gone by then.
  await new Promise((done) => setTimeout(done, relay.delayMs));
  relay.delayMs = 100;
  bytes = 0;
  {
    await using daemon = host.daemon();
    await untilSent(3_000_000);
    await stop(daemon, "between pieces");
  }
  relay.cut();
  await pi.stop();
  {
    await using daemon = host.daemon();
    await daemon.until(/event=receiver-away/, 20_000);
    await stop(daemon, "while the receiver is away");
  }
  assert.deepEqual(host.waiting, ["large-1"]);
  await pi.run();
  relay.delayMs = 0;
  const { code, stderr } = await host.run("ship", "--once");
  assert.equal(code, 0, stderr);
  assert.deepEqual(host.shipped, ["large-1"]);
  assert.deepEqual([...(await pi.receipts("lab-host-01")).keys()], ["large-1"]);
});
