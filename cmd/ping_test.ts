import assert from "node:assert/strict";
import type { LayerReport, ProbeReport } from "../lib/transport/mod.ts";
import { startFakeReceiver } from "../tests/fakes/receiver.ts";
import { renderProbe, run } from "./ping.ts";
import { createIo } from "./print.ts";

const layer = (name: LayerReport["layer"], rest: Partial<LayerReport> = {}): LayerReport => ({
  layer: name,
  state: "ok",
  ms: 1,
  words: "fine",
  fix: undefined,
  ...rest,
});

Deno.test("one line a layer, and the command under the one that failed", () => {
  const report: ProbeReport = {
    ok: false,
    addresses: [],
    pong: undefined,
    clockDifferenceMs: undefined,
    layers: [
      layer("name", { ms: 0.25, words: "pi is 10.0.0.2" }),
      layer("tcp", { ms: 12.2 }),
      layer("tls", { state: "not-used", ms: undefined, words: "" }),
      layer("certificate", { state: "failed", ms: 3, words: "a\x1bb", fix: "mend --it" }),
      layer("token", { state: "not-tried", ms: undefined, words: "" }),
    ],
  };
  assert.deepEqual(renderProbe(report, { color: false }), [
    "name         ok         0.3 ms  pi is 10.0.0.2",
    "tcp          ok         12 ms   fine",
    "tls          not used",
    "certificate  FAILED     3 ms    a\\u{1b}b",
    "  fix: mend --it",
    "token        not tried",
  ]);
});

/** Runs `cis490 ping` on a configuration for `url`. */
async function ping(url: string, json: boolean): Promise<{ code: number; stdout: string }> {
  const directory = await Deno.makeTempDir({ prefix: "cis490-ping-" });
  try {
    const config = `${directory}/lab-host.toml`;
    await Deno.writeTextFile(`${directory}/token`, "secret\n");
    await Deno.writeTextFile(
      config,
      `host_id = "lab-host-01"\n[receiver]\nurl = "${url}"\ntoken_file = "${directory}/token"\n`,
    );
    let stdout = "";
    const io = createIo({
      writeStdout: (text) => stdout += text,
      writeStderr: () => assert.fail("nothing to complain about"),
      environment: () => undefined,
      stdoutIsTerminal: false,
      stderrIsTerminal: false,
      columns: () => undefined,
      monotonic: () => 0,
    });
    return { code: await run({ config, json }, io), stdout };
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

Deno.test("ping exits 0 when every layer holds and 1 when one does not", async () => {
  const receiver = startFakeReceiver();
  const fine = await ping(receiver.url, false);
  assert.equal(fine.code, 0);
  assert.match(
    fine.stdout,
    /^name .*\ntcp .*\ntls +not used\ncertificate +not used\ntoken +ok .*\n/,
  );
  assert.match(fine.stdout, /\nreceiver +ok .* cis490 9\.9\.9, no window yet, .*\n$/);

  const json = JSON.parse((await ping(receiver.url, true)).stdout);
  assert.equal(json.ok, true);
  assert.equal(json.layers.length, 6);
  assert.equal(json.receiver.host, "lab-host-01");
  assert.equal(typeof json.clock_difference_ms, "number");

  await receiver[Symbol.asyncDispose]();
  const down = await ping(receiver.url, true);
  assert.equal(down.code, 1);
  assert.equal(JSON.parse(down.stdout).layers[1].state, "failed");
  assert.equal(JSON.parse(down.stdout).receiver, null);
});
