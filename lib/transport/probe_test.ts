import assert from "node:assert/strict";
import { readSmallFile, systemClock } from "../sys/mod.ts";
import { findHostId } from "../episode/mod.ts";
import { must, startFakeReceiver } from "../../tests/fakes/receiver.ts";
import { LAYERS } from "./answer.ts";
import { probeReceiver } from "./probe.ts";

const parts = { clock: systemClock, readFile: readSmallFile };

Deno.test("over plain HTTP the layers of TLS are not used, and all others have a time", async () => {
  await using receiver = startFakeReceiver();
  const report = await probeReceiver(parts, {
    url: receiver.url,
    host: must(findHostId("lab-host-01")),
    version: "0",
    readToken: () => "secret",
    certificates: undefined,
  }, new AbortController().signal);
  assert.equal(report.ok, true);
  assert.deepEqual(report.layers.map(({ layer }) => layer), [...LAYERS]);
  for (const { layer, state, ms } of report.layers) {
    const used = layer !== "tls" && layer !== "certificate";
    assert.equal(state, used ? "ok" : "not-used", layer);
    assert.equal(ms !== undefined, used, layer);
  }
  assert.match(must(report.layers.at(-1)).words, /^cis490 9\.9\.9, no window yet, clocks? /);
  assert.deepEqual(receiver.requests, ["POST /v1/ping 0", "POST /v1/ping 0"]);
});
