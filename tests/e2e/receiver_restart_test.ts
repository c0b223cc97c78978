/** The receiver is reloaded, restarted and killed while a shipper's upload is under way: it goes on where it was. */
import assert from "node:assert/strict";
import { startRelay } from "../fakes/relay.ts";
import { freePort } from "../tls/caddy.ts";
import { LabHost } from "../transport/lab_host.ts";
import { Pi } from "../transport/pi.ts";

const ARCHIVE_BYTES = 24_000_000;
/** 2 MB, a second's worth: no piece is larger. */
const RATE_MBIT = 16;
const PIECE_BYTES = RATE_MBIT * 1e6 / 8;

Deno.test("a receiver is reloaded, restarted and killed amid an upload, which goes on where it was", async () => {
  const port = freePort();
  await using pi = await Pi.start({ listen: `127.0.0.1:${port}` });
  let sent = 0;
  await using relay = startRelay(port, { onClientBytes: ({ byteLength }) => sent += byteLength });
  await using host = await LabHost.create({
    url: `http://127.0.0.1:${relay.port}`,
    token: await pi.token("lab-host-01"),
    stamp: pi.stamp,
    transport: `rate_limit_mbit = ${RATE_MBIT}`,
  });
  await host.record("large-1", ARCHIVE_BYTES);
  await using daemon = host.daemon();
  const until = async (what: () => boolean) => {
    for (const end = performance.now() + 120_000; !what();) {
      assert.ok(performance.now() < end, `${sent} bytes\n${daemon.log}\n${pi.log}`);
      await new Promise((done) => setTimeout(done, 10));
    }
  };

  await until(() => sent > 4_000_000);
  const config = await Deno.readTextFile(pi.config);
  await Deno.writeTextFile(pi.config, `${config}partial_keep_hours = 24\n`);
  await pi.reload();
  assert.match(pi.log, /event=reloaded/);
  await until(() => sent > 9_000_000);
  assert.doesNotMatch(
    daemon.log,
    /event=receiver-away|event=ship-failed/,
    "nobody noticed the reload",
  );
  await Deno.writeTextFile(pi.config, `${config}partial_keep_hours = "no"\n`);
  await pi.reload();
  assert.match(pi.log, /event=reload-refused .*partial_keep_hours/);
  assert.doesNotMatch(pi.log, /event=request-(cut|failed)/);

  await Deno.writeTextFile(pi.config, config);
  await pi.stop("SIGTERM");
  await pi.run();
  const before = sent;
  await until(() => sent > before + 3_000_000);
  await pi.stop("SIGKILL");
  await pi.run();

  await until(() => host.shipped.includes("large-1"));
  const stored = (await pi.receipts("lab-host-01")).get("large-1") ?? "null";
  assert.deepEqual(JSON.parse(await host.receipt("large-1")).receipt, JSON.parse(stored));
  // Each end of the receiver costs the piece under way, and no byte that was synced is sent again.
  const most = ARCHIVE_BYTES + 4 * PIECE_BYTES;
  assert.ok(sent < most, `${sent} bytes were sent for an archive of ${ARCHIVE_BYTES}`);
  console.log(`${sent} bytes sent for an archive of ${ARCHIVE_BYTES}`);
});
