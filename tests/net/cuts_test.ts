/** A large upload over a connection that is reset again and again. */
import assert from "node:assert/strict";
import { needs } from "../skip.ts";
import { CABLE } from "./cable.ts";
import { IS_LONG, NetLab } from "./lab.ts";

const [CUTS, BYTES] = IS_LONG ? [50, 200_000_000] : [10, 40_000_000];

Deno.test({
  ...needs(
    `${BYTES / 1e6} MB arrive through ${CUTS} cuts, and none costs more than a piece`,
    CABLE,
  ),
  async fn() {
    await using lab = await NetLab.start();
    const { cable, daemon, host } = lab;
    // 2.5 MB/s: the cuts come to an end before the upload does, though each of them gives it up
    // to 1.3 s, in which a shipper that was lucky with its backoff sends on.
    await cable.setRate(20_000);
    await host.record("large-1", BYTES);
    let cuts = 0;
    const began = performance.now();
    while (cuts < CUTS) {
      assert.ok(await lab.nextPiece(20_000), `${cuts} cuts\n${daemon.log}`);
      await new Promise((done) => setTimeout(done, Math.random() * 300));
      const away = daemon.count(/event=receiver-away/);
      await cable.reset();
      cuts += 1;
      // The shipper would wait up to 5 s: SIGUSR1 has it try now.
      const end = performance.now() + 1000;
      while (daemon.count(/event=receiver-away/) === away && performance.now() < end) {
        await new Promise((done) => setTimeout(done, 10));
      }
      daemon.signal("SIGUSR1");
    }
    await lab.arrives("large-1", 90_000);
    const seconds = (performance.now() - began) / 1000;
    const { repeated, begun } = lab;
    const most = repeated.reduce((sum, { bytes }) => sum + bytes, 0) / 1e6;
    console.log(
      `${CUTS} cuts: ${repeated.length} of ${begun.length} pieces were sent again, ` +
        `at most ${most.toFixed(1)} MB; ${seconds.toFixed(0)} s, ` +
        `no sign of life for ${lab.longestSilence.toFixed(0)} s at most`,
    );
    assert.ok(repeated.length > CUTS / 2, "the cuts met pieces");
    assert.ok(repeated.length <= CUTS, `${repeated.length}`);
    assert.ok(lab.longestSilence < 120, `${lab.longestSilence}`);
  },
});
