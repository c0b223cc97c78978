/** `rate_limit_mbit` with the compiled binary, and its change by SIGHUP. */
import assert from "node:assert/strict";
import { startRelay } from "../fakes/relay.ts";
import { freePort } from "../tls/caddy.ts";
import { LabHost } from "../transport/lab_host.ts";
import { Pi } from "../transport/pi.ts";

const ANNOUNCEMENT = /^PUT \/v1\/episodes\//;

Deno.test("the limit holds, and another one counts from SIGHUP on", async () => {
  const port = freePort();
  await using pi = await Pi.start({ listen: `127.0.0.1:${port}` });
  let bytes = 0;
  let announced = 0;
  await using relay = startRelay(port, {
    onClientBytes(sent) {
      bytes += sent.byteLength;
      if (ANNOUNCEMENT.test(new TextDecoder().decode(sent.subarray(0, 64)))) announced++;
    },
  });
  await using host = await LabHost.create({
    url: `http://127.0.0.1:${relay.port}`,
    token: await pi.token("lab-host-01"),
    stamp: pi.stamp,
    transport: "rate_limit_mbit = 1",
  });
  await host.record("a-1", 40_000_000);
  await using daemon = host.daemon();
  /** Mbit/s during so many seconds. */
  const measure = async (seconds: number) => {
    const before = bytes;
    await new Promise((done) => setTimeout(done, seconds * 1000));
    return (bytes - before) * 8 / 1e6 / seconds;
  };
  while (bytes === 0) await new Promise((done) => setTimeout(done, 10));
  const slow = await measure(5);
  const text = await Deno.readTextFile(host.config);
  await Deno.writeTextFile(host.config, text.replace("mbit = 1\n", "mbit = 20\n"));
  daemon.signal("SIGHUP");
  await daemon.until(/event=reloaded/, 10_000);
  const fast = await measure(5);
  console.log(`1 Mbit/s: ${slow.toFixed(2)}, then 20 Mbit/s: ${fast.toFixed(2)}`);
  // A busy machine may stay below; above is what must not be.
  assert.ok(slow > 0.2 && slow < 1.5, `${slow}`);
  assert.ok(fast > 3 && fast < 26, `${fast}`);
  assert.equal(announced, 1, "an upload that is under way goes on");
  assert.equal(await daemon.end(), 0);
});
