import assert from "node:assert/strict";
import { needs } from "../skip.ts";
import { TestReceiver } from "./receiver.ts";
import { announceHeaders, pieceHeaders, putHeaders, sample } from "./sample.ts";

const OLD = "0".repeat(40);

/** `name{labels}` -> value. */
function parse(text: string): Map<string, number> {
  const lines = text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  return new Map(lines.map((line): [string, number] => {
    const cut = line.lastIndexOf(" ");
    return [line.slice(0, cut), Number(line.slice(cut + 1))];
  }));
}

async function metricsOf(receiver: TestReceiver): Promise<Map<string, number>> {
  const { status, text } = await receiver.ask({ method: "GET", path: "/metrics" });
  assert.equal(status, 200, text);
  return parse(text);
}

async function put(receiver: TestReceiver, token: string, id: string, stamp = receiver.stamp) {
  const what = sample(stamp, 1000);
  const headers = putHeaders(what, stamp);
  const path = `/v1/episodes/lab-1/${id}`;
  const send = () => receiver.ask({ method: "PUT", path, headers, body: what.bytes }, token);
  return { bytes: what.bytes.byteLength, send, first: await send() };
}

Deno.test("metrics count what became of requests, and tell of the window, the disk and partials", async () => {
  await using receiver = await TestReceiver.start();
  const token = await receiver.token("lab-1");
  const startedS = Date.now() / 1000;
  const { bytes, send, first } = await put(receiver, token, "a");
  assert.equal(first.status, 201);
  assert.equal((await send()).status, 200);
  assert.equal((await put(receiver, token, "b", OLD)).first.status, 412);
  assert.equal((await receiver.ask({ method: "GET", path: "/no/such/path" })).status, 404);
  const large = sample(receiver.stamp, 100_000);
  const path = "/v1/episodes/lab-1/c";
  await receiver.ask(
    { method: "PUT", path, headers: announceHeaders(large, receiver.stamp) },
    token,
  );
  const piece = large.bytes.subarray(0, 40_000);
  const patched = await receiver.ask({
    method: "PATCH",
    path: `/v1/uploads/lab-1/c/${large.archiveDigest}`,
    headers: pieceHeaders(piece, 0, false),
    body: piece,
  }, token);
  assert.equal(patched.status, 204);

  const now = await metricsOf(receiver);
  const request = (route: string, outcome: string) =>
    now.get(`cis490_requests_total{route="${route}",outcome="${outcome}"}`);
  assert.equal(request("/v1/episodes/*", "stored"), 1);
  assert.equal(request("/v1/episodes/*", "already-stored"), 1);
  assert.equal(request("/v1/episodes/*", "out-of-window"), 1);
  assert.equal(request("/v1/episodes/*", "under-way"), 1);
  assert.equal(request("/v1/uploads/*", "under-way"), 1);
  assert.equal(request("none", "not-found"), 1, "whatever the path was: it is no label");
  assert.equal(now.get("cis490_received_bytes_total"), bytes + 40_000);
  assert.equal(now.get(`cis490_episodes_stored_total{host="lab-1"}`), 1);
  assert.equal(now.get(`cis490_stored_bytes_total{host="lab-1"}`), bytes);
  const last = now.get(`cis490_last_episode_timestamp_seconds{host="lab-1"}`) ?? 0;
  assert.ok(last >= Math.floor(startedS) && last <= Date.now() / 1000, `${last}`);
  assert.equal(now.get("cis490_verify_seconds_count"), 1);
  for (const step of ["archive", "piece", "commit"]) {
    assert.equal(now.get(`cis490_sync_seconds_count{step="${step}"}`), 1, step);
  }
  assert.equal(now.get("cis490_ready"), 1);
  assert.equal(now.get("cis490_window_commits"), 1);
  assert.equal(now.get(`cis490_window_info{source="git-fallback",branch="main"}`), 1);
  assert.ok((now.get("cis490_window_age_seconds") ?? -1) >= 0);
  assert.ok((now.get("cis490_store_free_bytes") ?? 0) > 0);
  assert.equal(now.get("cis490_store_reserve_bytes"), 1024 ** 3);
  assert.equal(now.get("cis490_uploads_under_way"), 1);
  assert.equal(now.get("cis490_partials"), 1);
  assert.equal(now.get("cis490_partial_bytes"), 40_000);

  await receiver.crashAndRun();
  const host = `{host="lab-1"}`;
  let again = await metricsOf(receiver);
  for (let tries = 0; again.get(`cis490_store_episodes${host}`) === undefined; tries++) {
    assert.ok(tries < 100, "the catalogue is up to date soon after the start");
    await new Promise((resolve) => setTimeout(resolve, 100));
    again = await metricsOf(receiver);
  }
  assert.equal(again.get(`cis490_store_episodes${host}`), 1);
  assert.equal(again.get(`cis490_store_archive_bytes${host}`), bytes);
  const known = again.get(`cis490_last_episode_timestamp_seconds${host}`) ?? 0;
  assert.ok(Math.abs(known - last) < 10, "it is known over a restart");
  assert.equal(again.get(`cis490_episodes_stored_total${host}`), undefined);

  await receiver.runWithoutWindow();
  const blind = await metricsOf(receiver);
  assert.equal(blind.get("cis490_ready"), 0);
  assert.equal(blind.has("cis490_window_commits"), false, "nothing is made up");
  assert.equal(blind.get("cis490_partials"), 1, "partials outlive a restart");
});

Deno.test("metrics are not for lab hosts: what the proxy passes on finds none", async () => {
  await using receiver = await TestReceiver.start({ listen: "unix", top: "proxy_identity = true" });
  const get = (headers: Record<string, string>) =>
    receiver.ask({ method: "GET", path: "/metrics", headers });
  assert.equal((await get({})).status, 200);
  const proxied = await get({ "cis490-client-name": "lab-1" });
  assert.equal(proxied.problem, "not-found");
  assert.doesNotMatch(proxied.text, /cis490_/);
});

Deno.test({
  ...needs("promtool has nothing to say against the metrics", { commands: ["promtool"] }),
  async fn() {
    await using receiver = await TestReceiver.start();
    const token = await receiver.token("lab-1");
    await put(receiver, token, "a");
    const { text } = await receiver.ask({ method: "GET", path: "/metrics" });
    assert.deepEqual(await lint(text), { code: 0, said: "" });
    const wrong = await lint(text.replaceAll("cis490_requests_total", "cis490_requests"));
    assert.match(wrong.said, /counter metrics should have "_total" suffix/);
  },
});

async function lint(text: string): Promise<{ code: number; said: string }> {
  const child = new Deno.Command("promtool", {
    args: ["check", "metrics"],
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(text));
  await writer.close();
  const { code, stdout, stderr } = await child.output();
  return { code, said: new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr) };
}
