import assert from "node:assert/strict";
import { createLog } from "../events/mod.ts";
import { systemClock } from "../sys/mod.ts";
import { listen, ListenError } from "./server.ts";

function parts(handle: (request: Request) => Promise<Response>) {
  const lines: string[] = [];
  const log = createLog((line) => lines.push(line), { priority: false });
  return { lines, parts: { clock: systemClock, log, handle } };
}

Deno.test("a request that never ends is given up at the deadline, and is counted", async () => {
  const started = Promise.withResolvers<void>();
  const { lines, parts: given } = parts(() => {
    started.resolve();
    return new Promise(() => {});
  });
  const server = await listen(given, { transport: "tcp", hostname: "127.0.0.1", port: 0 });
  const asking = fetch(`http://${server.address}/`).then(async (answer) => {
    await answer.body?.cancel();
    return answer.status;
  });
  await started.promise;
  const startedMs = performance.now();
  await server.stop(100);
  assert.ok(performance.now() - startedMs < 2000);
  assert.equal(await asking, 503);
  assert.match(lines.join("\n"), /abandoned=1/);
});

Deno.test("with nothing under way it stops at once", async () => {
  const { lines, parts: given } = parts(() => Promise.resolve(new Response("ok")));
  const server = await listen(given, { transport: "tcp", hostname: "127.0.0.1", port: 0 });
  assert.equal(await (await fetch(`http://${server.address}/`)).text(), "ok");
  await server.stop(60_000);
  assert.match(lines.join("\n"), /abandoned=0/);
});

Deno.test("an address that can't be listened on is said by name, with what to do", async () => {
  const { parts: given } = parts(() => Promise.resolve(new Response("ok")));
  const taken = await listen(given, { transport: "tcp", hostname: "127.0.0.1", port: 0 });
  const port = Number(taken.address.split(":")[1]);
  const cases = [
    [{ transport: "tcp", hostname: "127.0.0.1", port }, "in-use"],
    [{ transport: "tcp", hostname: "192.0.2.1", port: 8490 }, "not-there"],
    [{ transport: "unix", path: "/no/such/directory/socket" }, "not-there"],
  ] as const;
  for (const [address, code] of cases) {
    await assert.rejects(
      listen(given, address),
      (error) => error instanceof ListenError && error.code === code && error.hint !== "",
      code,
    );
  }
  await taken.stop(1000);
});

Deno.test("a file in the socket's place is never removed", async () => {
  const directory = await Deno.makeTempDir({ prefix: "cis490-server-" });
  const path = `${directory}/notes`;
  await Deno.writeTextFile(path, "mine");
  const { parts: given } = parts(() => Promise.resolve(new Response("ok")));
  await assert.rejects(listen(given, { transport: "unix", path }), ListenError);
  assert.equal(await Deno.readTextFile(path), "mine");
  await Deno.remove(directory, { recursive: true });
});
