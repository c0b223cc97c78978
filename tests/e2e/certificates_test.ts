/** Certificates come, change, break and expire under one process of the daemon. */
import assert from "node:assert/strict";
import { needs } from "../skip.ts";
import { type Leaf, Pki } from "../tls/pki.ts";
import { startFront } from "../transport/front.ts";
import { LabHost } from "../transport/lab_host.ts";
import { Pi } from "../transport/pi.ts";

/** The promise for a first boot: shipping within so long after the certificate's arrival. */
const PROMISED_MS = 15_000;

Deno.test({
  ...needs("one process ships through every change of its certificate files", {
    commands: ["openssl", "caddy"],
  }),
  async fn() {
    await using pki = await Pki.create("good");
    await using pi = await Pi.start();
    await using front = await startFront(await pki.issue("pi"), pki.caBundle, pi.socket);
    const live = { cert: `${pki.directory}/live.crt`, key: `${pki.directory}/live.key` };
    await using host = await LabHost.create({
      url: `https://localhost:${front.port}`,
      token: await pi.token("lab-host-01"),
      stamp: pi.stamp,
      certificates: { ca: `${pki.directory}/live-ca.crt`, ...live },
    });
    const install = async ({ cert, key }: Leaf) => {
      await Deno.copyFile(cert, live.cert);
      await Deno.copyFile(key, live.key);
    };
    await using daemon = host.daemon();
    /** Milliseconds until all of these are shipped. */
    const shipped = async (...ids: string[]) => {
      const began = performance.now();
      const isThere = () => ids.every((id) => host.shipped.includes(id));
      while (!isThere()) {
        assert.ok(performance.now() - began < PROMISED_MS, `${host.shipped}\n${daemon.log}`);
        await new Promise((done) => setTimeout(done, 50));
      }
      return performance.now() - began;
    };

    await host.record("boot-1");
    await host.record("boot-2");
    await daemon.until(/event=receiver-away .*code=certificate-not-ready/, 10_000);
    await new Promise((done) => setTimeout(done, 7_000));
    assert.equal(daemon.count(/event=receiver-away/), 1, "said once");
    assert.match(daemon.log, /live-ca\.crt is missing/);
    const archives = [...Deno.readDirSync(`${host.root}/data/outbox`)]
      .filter(({ name }) => name.endsWith(".tar.zst"));
    assert.equal(archives.length, 2, "packed meanwhile");

    await Deno.copyFile(pki.caBundle, `${pki.directory}/live-ca.crt`);
    await Deno.writeTextFile(live.key, "");
    await Deno.writeTextFile(live.cert, "-----BEGIN CERTIFICATE-----\nMIIB");
    await daemon.until(/live\.crt is half written/, 10_000);
    await install(await pki.issue("lab-host-01"));
    const firstMs = await shipped("boot-1", "boot-2");
    console.log(`first shipped ${(firstMs / 1000).toFixed(1)} s after the certificate's arrival`);

    await install(await pki.issue("lab-host-01"));
    await host.record("replaced-1");
    await shipped("replaced-1");
    assert.equal(daemon.count(/event=certificates-bad/), 0);

    // Caught between the two writes of a renewal: the old pair goes on.
    const next = await pki.issue("lab-host-01", { until: new Date(Date.now() + 12_000) });
    await Deno.copyFile(next.cert, live.cert);
    await host.record("between-1");
    await shipped("between-1");
    assert.equal(daemon.count(/event=certificates-bad .*do not belong together/), 1);
    await Deno.copyFile(next.key, live.key);
    await host.record("renewed-1");
    await shipped("renewed-1");
    assert.equal(daemon.count(/event=certificates-good/), 1);

    await new Promise((done) => setTimeout(done, 13_000));
    await host.record("expired-1");
    await daemon.until(/code=certificate-not-ready .*live\.crt expired on/, 10_000);
    assert.deepEqual(host.waiting, ["expired-1"]);
    await install(await pki.issue("lab-host-01"));
    const laterMs = await shipped("expired-1");
    console.log(`shipped ${(laterMs / 1000).toFixed(1)} s after an expired one was replaced`);

    assert.ok(daemon.runs, "the process that began is the one that ended it");
    assert.equal(daemon.count(/event=shipper-started/), 1);
    assert.equal(await daemon.end(), 0);
  },
});
