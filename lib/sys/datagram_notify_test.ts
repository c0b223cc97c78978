import assert from "node:assert/strict";
import { monotonicUsAtLeast, openPathDatagram } from "./datagram_notify.ts";
import { monotonicUs } from "./libc_notify.ts";
import { createNotifier } from "./notify.ts";

Deno.test("datagrams reach a path without the C library", async () => {
  const directory = await Deno.makeTempDir();
  const path = `${directory}/notify`;
  const own = `${directory}/own`;
  // As a process left it that was killed.
  await Deno.writeTextFile(own, "");
  const systemd = Deno.listenDatagram({ transport: "unixpacket", path });
  const datagrams = openPathDatagram({ kind: "path", path }, own);
  createNotifier(datagrams.send).status("listens");
  const [bytes] = await systemd.receive();
  assert.equal(new TextDecoder().decode(bytes), "STATUS=listens");
  systemd.close();
  // A message that nobody takes is lost, and no more.
  datagrams.send("WATCHDOG=1");
  await new Promise((resolve) => setTimeout(resolve, 10));
  datagrams.close();
  await assert.rejects(Deno.stat(own), Deno.errors.NotFound);
  await Deno.remove(directory, { recursive: true });
});

Deno.test("what can't be reached is said", () => {
  const abstract = { kind: "abstract", name: "x" } as const;
  assert.throws(() => openPathDatagram(abstract, "/tmp/own"), /@x is an abstract name/);
  assert.throws(
    () => openPathDatagram({ kind: "path", path: "/run/systemd/notify" }, undefined),
    /RUNTIME_DIRECTORY/,
  );
});

Deno.test("the monotonic time is told late by a second or two, never early", () => {
  const [exact, atLeast] = [monotonicUs(), monotonicUsAtLeast()];
  assert.ok(atLeast >= exact);
});
