/** Between the two compiled ends: what swallows answers after the commit, and what answers in the receiver's place. */
import assert from "node:assert/strict";
import { problemResponse } from "../fakes/receiver.ts";
import { startRelay } from "../fakes/relay.ts";
import { freePort } from "../tls/caddy.ts";
import { LabHost } from "../transport/lab_host.ts";
import { Pi } from "../transport/pi.ts";
import type { TestProcess } from "../transport/process.ts";

const NAME = "lab-host-01";

async function untilShipped(host: LabHost, daemon: TestProcess, count: number, ms: number) {
  const end = performance.now() + ms;
  while (host.shipped.length < count) {
    assert.ok(performance.now() < end, `${host.shipped}\n${daemon.log}`);
    await new Promise((done) => setTimeout(done, 50));
  }
}

function digestIn(receipt: string): string {
  return /"episode_digest": ?"([^"]+)"/.exec(receipt)?.[1] ?? "none";
}

Deno.test("answers are swallowed after the commit: everything is stored once, with equal receipts", async () => {
  const port = freePort();
  await using pi = await Pi.start({ listen: `127.0.0.1:${port}` });
  const asked = new Set<string>();
  const losing = new Set<number>();
  await using relay = startRelay(port, {
    onClientBytes(bytes, connection) {
      const head = new TextDecoder("latin1").decode(bytes.subarray(0, 2000));
      if (!/^[A-Z]+ \S+ HTTP\/1\.1\r\n/.test(head)) return;
      // The answer to the request that brings the last byte of an episode, the first time.
      const [, path] = /^P\S+ (\S*\/v1\/\S+\/a-\d+\S*) HTTP/.exec(head) ?? [];
      losing.delete(connection);
      if (path === undefined || asked.has(path) || /upload-complete: \?0/i.test(head)) return;
      asked.add(path);
      losing.add(connection);
    },
    losesReply: (connection) => losing.has(connection),
  });
  await using host = await LabHost.create({
    url: `http://127.0.0.1:${relay.port}`,
    token: await pi.token(NAME),
    stamp: pi.stamp,
  });
  const ids = Array.from({ length: 12 }, (_, at) => `a-${at}`);
  for (const id of ids) await host.record(id, id === "a-0" ? 3_000_000 : 1000);
  await using daemon = host.daemon();
  // Before it listens for it, SIGUSR1 would end it.
  await daemon.until(/event=shipper-started/, 20_000);
  // The shipper would wait up to 5 s after each: SIGUSR1 has it try now.
  const end = performance.now() + 60_000;
  while (host.shipped.length < ids.length) {
    assert.ok(performance.now() < end, `${host.shipped}\n${daemon.log}`);
    await new Promise((done) => setTimeout(done, 100));
    daemon.signal("SIGUSR1");
  }
  const { cuts } = relay;

  const receipts = await pi.receipts(NAME);
  assert.deepEqual([...receipts.keys()].sort(), [...ids].sort());
  let already = 0;
  for (const id of ids) {
    const kept = await host.receipt(id);
    assert.equal(digestIn(kept), digestIn(receipts.get(id) ?? ""), id);
    const stored = /"stored_at": ?"([^"]+)"/.exec(receipts.get(id) ?? "")?.[1] ?? "none";
    assert.ok(kept.includes(stored), `${id}: the first receipt`);
    assert.equal(pi.log.match(new RegExp(`event=episode-received .*id=${id} `, "g"))?.length, 1);
    already += daemon.count(new RegExp(`event=episode-shipped id=${id} .*already=true`));
  }
  console.log(
    `${cuts} answers were lost, ${already} episodes were stored already when asked again`,
  );
  assert.equal(asked.size, ids.length);
  assert.ok(already > ids.length / 2, `${already}`);
});

Deno.test("a 500 for one episode and a 507 for a while hold up no other, and nothing flaps", async () => {
  const port = freePort();
  await using pi = await Pi.start({ listen: `127.0.0.1:${port}` });
  let isFull = false;
  let poison = 0;
  const proxy = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, async (request) => {
    const { pathname } = new URL(request.url);
    const body = await request.bytes();
    if (pathname.includes("poison")) {
      poison += 1;
      return problemResponse("internal");
    }
    // A ping answers what an announcement would.
    const asksForRoom = request.method === "PUT" || pathname === "/v1/ping";
    if (isFull && asksForRoom) return problemResponse("disk-reserve", { "retry-after": "1" });
    const headers = new Headers(request.headers);
    headers.delete("host");
    const init = { method: request.method, headers };
    return await fetch(
      `http://127.0.0.1:${port}${pathname}`,
      body.byteLength === 0 ? init : { ...init, body },
    );
  });
  await using host = await LabHost.create({
    url: `http://127.0.0.1:${proxy.addr.port}`,
    token: await pi.token(NAME),
    stamp: pi.stamp,
  });
  await host.record("poison-1");
  for (let at = 0; at < 10; at++) await host.record(`a-${at}`);
  await using daemon = host.daemon();
  await untilShipped(host, daemon, 10, 20_000);
  assert.deepEqual(host.waiting, ["poison-1"]);
  assert.equal(daemon.count(/event=(receiver-away|paused)/), 0, "one episode is no outage");

  isFull = true;
  for (let at = 10; at < 20; at++) await host.record(`a-${at}`);
  await daemon.until(/event=paused .*code=disk-reserve/, 20_000);
  await new Promise((done) => setTimeout(done, 4_000));
  assert.equal(daemon.count(/event=paused/), 1, "said once");
  assert.equal(host.shipped.length, 10, "nothing was condemned, nothing got through");
  isFull = false;
  daemon.signal("SIGUSR1");
  await untilShipped(host, daemon, 20, 20_000);
  assert.deepEqual(host.waiting, ["poison-1"]);
  assert.equal(daemon.count(/event=receiver-back/), 1);
  console.log(`the episode with the 500 was tried ${poison} times meanwhile`);
  assert.ok(poison < 20, `${poison}`);
  await daemon.end();
  await proxy.shutdown();
});
