/** A thousand episodes wait for a receiver that is away: it is asked after by one series of probes. */
import assert from "node:assert/strict";
import { startRelay } from "../fakes/relay.ts";
import { LabHost } from "../transport/lab_host.ts";
import { Pi } from "../transport/pi.ts";
import { freePort } from "../tls/caddy.ts";

const EPISODES = 1000;
const OUTAGE_MS = 8_000;

Deno.test("an outage costs one series of probes, not one an episode, and then all arrive", async () => {
  const port = freePort();
  await using pi = await Pi.start({ listen: `127.0.0.1:${port}` });
  await using relay = startRelay(port);
  const token = await pi.token("lab-host-01");
  await pi.stop();
  await using host = await LabHost.create({
    url: `http://127.0.0.1:${relay.port}`,
    token,
    stamp: pi.stamp,
  });
  for (let at = 0; at < EPISODES; at++) await host.record(`a-${at}`);
  await using daemon = host.daemon();
  await daemon.until(/event=receiver-away/, 20_000);
  await new Promise((done) => setTimeout(done, OUTAGE_MS));
  const { connections } = relay;
  assert.equal(daemon.count(/event=receiver-away/), 1);

  await pi.run();
  const began = performance.now();
  const untilShipped = async (count: number, ms: number) => {
    const end = performance.now() + ms;
    while (host.shipped.length < count) {
      assert.ok(performance.now() < end, `${host.shipped.length} of ${count}\n${daemon.log}`);
      await new Promise((done) => setTimeout(done, 100));
    }
    return (performance.now() - began) / 1000;
  };
  // A probe is a bare connection and a request; before the first, two uploads or a look at the window may have failed.
  const probes = connections / 2;
  const backoffMs = 5000 * 2 ** probes;
  const first = await untilShipped(1, backoffMs + 5000);
  const all = await untilShipped(EPISODES, 120_000);
  console.log(
    `${connections} connections in ${OUTAGE_MS / 1000} s of outage; the first of ${EPISODES} ` +
      `${first.toFixed(1)} s after its end, the last after ${all.toFixed(1)} s`,
  );
  assert.ok(connections <= 30, `${connections}`);
  assert.equal((await pi.receipts("lab-host-01")).size, EPISODES);
  assert.equal(daemon.count(/event=receiver-back/), 1);
});
