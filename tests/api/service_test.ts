import assert from "node:assert/strict";
import { parsePong, parseWindow } from "../../lib/wire/mod.ts";
import { needs } from "../skip.ts";
import { connect, readAll, send } from "./http.ts";
import { commit, TestReceiver } from "./receiver.ts";
import { putHeaders, sample } from "./sample.ts";

Deno.test("ping tells version, time, host and window, and writes nothing", async () => {
  await using receiver = await TestReceiver.start();
  const token = await receiver.token("lab-1");
  const answer = await receiver.ask({ method: "POST", path: "/v1/ping" }, token);
  assert.equal(answer.status, 200);
  const pong = parsePong(answer.text);
  assert.ok(pong, answer.text);
  assert.equal(pong.receiver, answer.headers.get("cis490-receiver"));
  assert.ok(Math.abs(Date.parse(pong.time) - Date.now()) < 60_000);
  assert.deepEqual(
    { ...pong.window, age_s: 0 },
    { source: "git-fallback", size: 1, newest: receiver.stamp, age_s: 0 },
  );
  assert.deepEqual(receiver.files(), []);
});

Deno.test("the window is sent once, and again when its commits have changed", async () => {
  await using receiver = await TestReceiver.start();
  const token = await receiver.token("lab-1");
  const get = (etag?: string) =>
    receiver.ask({
      method: "GET",
      path: "/v1/window",
      headers: etag === undefined ? {} : { "if-none-match": etag },
    });
  const first = await get();
  assert.equal(first.status, 200);
  assert.deepEqual(parseWindow(first.text)?.commits, [receiver.stamp]);
  const etag = first.headers.get("etag") ?? "";
  assert.match(etag, /^"[\w-]+"$/);
  for (const field of [etag, `W/${etag}`, `"other", ${etag}`, "*"]) {
    const same = await get(field);
    assert.equal(same.status, 304, field);
    assert.equal(same.text, "");
    assert.equal(same.headers.get("etag"), etag);
    assert.ok(same.headers.get("cis490-receiver"));
  }
  assert.equal((await get('"other"')).status, 200);

  const stamp = await commit(`${receiver.root}/repository`);
  const what = sample(stamp);
  const headers = putHeaders(what, stamp);
  const path = "/v1/episodes/lab-1/a";
  await receiver.ask({ method: "PUT", path, headers, body: what.bytes }, token);
  const changed = await get(etag);
  assert.equal(changed.status, 200);
  assert.deepEqual(parseWindow(changed.text)?.commits, [stamp, receiver.stamp]);
});

Deno.test("readyz says what is missing, healthz only that the process answers", async () => {
  await using receiver = await TestReceiver.start({ tables: "[limits]\nmin_free_mb = 1073741824" });
  const token = await receiver.token("lab-1");
  const get = (path: string) => receiver.ask({ method: "GET", path });
  const full = await get("/readyz");
  assert.equal(full.status, 503);
  assert.match(full.text, /disk: .* must stay free/);
  assert.equal((await get("/healthz")).status, 200);
  const ping = await receiver.ask({ method: "POST", path: "/v1/ping" }, token);
  assert.equal(ping.problem, "disk-reserve");
  const what = sample(receiver.stamp);
  const headers = putHeaders(what, receiver.stamp);
  const path = "/v1/episodes/lab-1/a";
  const put = await receiver.ask({ method: "PUT", path, headers, body: what.bytes }, token);
  assert.equal(put.status, 507);
  assert.equal(put.problem, "disk-reserve");
  assert.deepEqual(receiver.files(), []);

  await Deno.writeTextFile(
    receiver.configFile,
    (await Deno.readTextFile(receiver.configFile)).replace(/min_free_mb.*/, ""),
  );
  await receiver.runWithoutWindow();
  assert.deepEqual(JSON.parse((await get("/readyz")).text), {
    ready: false,
    reasons: ["window: no source has answered yet"],
  });
  const blind = await receiver.ask({ method: "POST", path: "/v1/ping" }, token);
  assert.equal(blind.problem, "window-unknown");
  assert.equal((await get("/v1/window")).problem, "window-unknown");
});

Deno.test("a socket that a killed receiver left is replaced, one that is in use is not", async () => {
  await using receiver = await TestReceiver.start({
    listen: "unix",
    top: "proxy_identity = false",
  });
  await receiver.crashAndRun();
  const alive = await receiver.ask({ method: "GET", path: "/healthz" });
  assert.equal(alive.status, 200);
  const second = await receiver.command("receive");
  assert.equal(second.code, 1);
  assert.match(
    second.stderr,
    /receive\.sock: another process listens there; is a receiver running/,
  );
  assert.equal((await receiver.ask({ method: "GET", path: "/healthz" })).status, 200);
});

Deno.test("at SIGTERM a request under way is finished, a new one is not taken, and the exit is clean", async () => {
  await using receiver = await TestReceiver.start();
  const token = await receiver.token("lab-1");
  const what = sample(receiver.stamp, 200_000);
  const lines = [
    "PUT /v1/episodes/lab-1/a HTTP/1.1",
    "host: x",
    "connection: close",
    `authorization: Bearer ${token}`,
    `content-length: ${what.bytes.byteLength}`,
    ...Object.entries(putHeaders(what, receiver.stamp)).map(([k, v]) => `${k}: ${v}`),
  ];
  const connection = await connect(receiver.address);
  await send(connection, [
    new TextEncoder().encode(lines.join("\r\n") + "\r\n\r\n"),
    what.bytes.subarray(0, 100_000),
  ]);
  await new Promise((resolve) => setTimeout(resolve, 200));
  const ended = receiver.end("SIGTERM");
  await new Promise((resolve) => setTimeout(resolve, 200));
  await send(connection, [what.bytes.subarray(100_000)]);
  assert.match(new TextDecoder().decode(await readAll(connection)), /^HTTP\/1.1 201 /);
  connection.close();
  assert.equal(await ended, 0, receiver.log);
  assert.match(receiver.log, /every request answered event=receiver-stopped abandoned=0/);
});

Deno.test({
  ...needs("out of files, it goes on with what it has, and listens again when there are some", {
    commands: ["prlimit"],
  }),
  async fn() {
    await using receiver = await TestReceiver.start({ under: ["prlimit", "--nofile=128"] });
    const connections: Deno.Conn[] = [];
    for (let at = 0; at < 200; at++) {
      const connection = await connect(receiver.address).catch(() => undefined);
      if (connection === undefined) break;
      connections.push(connection);
      await send(connection, [new TextEncoder().encode("GET /healthz HTTP/1.1\r\n")]);
    }
    assert.ok(connections.length > 64, `${connections.length}`);
    for (const connection of connections) connection.close();
    const isUp = async () => {
      const answer = await receiver.ask({ method: "GET", path: "/healthz" }).catch(() => undefined);
      return answer?.status === 200;
    };
    for (let tries = 0; !(await isUp() && receiver.log.includes("listening-again")); tries++) {
      assert.ok(tries < 100, receiver.log);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    assert.match(receiver.log, /event=listening-ended .*Too many open files/);
    assert.equal(await receiver.end(), 0, receiver.log);
  },
});

Deno.test("the C library is given up before anything is listened to", async () => {
  const root = await Deno.makeTempDir({ prefix: "cis490-api-" });
  await Deno.writeTextFile(
    `${root}/receiver.toml`,
    `listen = "unix:${root}/is/not/there.sock"\nstore_dir = "${root}/store"\n`,
  );
  const io = "{ environment: () => undefined, stderr() {}, isJournal: false }";
  const program = `
    import { run } from "${new URL("../../cmd/receive.ts", import.meta.url)}";
    const state = () => Deno.permissions.querySync({ name: "ffi" }).state;
    console.log(state());
    await run({ config: "${root}/receiver.toml" }, ${io}).catch((error) => console.log(error.name));
    console.log(state());
  `;
  const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["eval", "--no-check", program],
    cwd: new URL("../..", import.meta.url).pathname,
    stdout: "piped",
    stderr: "piped",
  }).output();
  // Revoked is as if it were never asked for, and nobody can answer the prompt: the program is built with --no-prompt.
  const said = new TextDecoder().decode(stdout).trim().split("\n");
  assert.deepEqual(said, ["granted", "ListenError", "prompt"], new TextDecoder().decode(stderr));
  await Deno.remove(root, { recursive: true });
});
