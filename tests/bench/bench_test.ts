/** That the benchmark works; how fast anything is, it says on a machine that does nothing else. */
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import type { Round } from "../../bench/report.ts";
import { needs } from "../skip.ts";

const MAIN = fileURLToPath(new URL("../../bench/main.ts", import.meta.url));

Deno.test({
  ...needs("the benchmark moves episodes through both compiled ends, and tells what that took", {
    commands: ["caddy", "zstd", "openssl", "/usr/bin/python3", "unshare", "ip"],
  }),
  async fn() {
    const json = await Deno.makeTempFile();
    try {
      const args = ["--quick", "--workload", "small", "--peers", "cis490,P4", "--json", json];
      const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
        args: ["run", "-A", MAIN, ...args],
      }).output();
      const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
      assert.ok(success, text(stderr));
      assert.match(text(stdout), /^small: 100 x 0\.2 MB, medians of 1 rounds$/m);
      const told: { results: [{ rounds: [Round] }] } = JSON.parse(await Deno.readTextFile(json));
      const { cis490, P4 } = told.results[0].rounds[0];
      assert.ok(cis490 !== undefined && P4 !== undefined);
      for (const { wallS, sender } of [cis490, P4]) {
        assert.ok(wallS > 0 && sender.cpuS > 0 && sender.peakRssBytes > 0);
      }
      assert.ok((cis490.receiver?.peakRssBytes ?? 0) > 0 && (cis490.proxy?.peakRssBytes ?? 0) > 0);
      // Each episode in a request of its own; on the wire, a third of the 20 MB.
      assert.ok((cis490.requests ?? 0) >= 100, `${cis490.requests} requests`);
      assert.ok(cis490.wireBytes > 5e6, `${cis490.wireBytes} bytes`);
    } finally {
      await Deno.remove(json);
    }
  },
});
