import assert from "node:assert/strict";
import { plainFs, readSmallFile, systemClock } from "../sys/mod.ts";
import { findEpisodeId, findHostId, findStamp } from "../episode/mod.ts";
import { formatWindow, HEADER, type Window } from "../wire/mod.ts";
import { must, problemResponse, sha256, startFakeReceiver } from "../../tests/fakes/receiver.ts";
import { startRelay } from "../../tests/fakes/relay.ts";
import type { Transport } from "./answer.ts";
import { createTransport } from "./transport.ts";

const host = must(findHostId("lab-host-01"));
const id = must(findEpisodeId("e1"));
const OWN = { [HEADER.receiver]: "9.9.9" };
const window: Window = {
  branch: "main",
  source: "forgejo",
  read_at: "2026-01-02T03:04:05Z",
  commits: [must(findStamp("c".repeat(40)))],
};

function transportTo(url: string, time = { ms: 0 }): Transport {
  const clock = { ...systemClock, monotonic: () => time.ms };
  return createTransport({ clock, fs: plainFs(), readFile: readSmallFile }, {
    url,
    host,
    version: "0",
    readToken: () => "secret",
    certificates: undefined,
  });
}

const never = () => new AbortController().signal;

Deno.test("ping gives the pong, a refusal by its name, or what stood in the way", async () => {
  await using receiver = startFakeReceiver();
  const transport = transportTo(receiver.url);
  const pong = await transport.ping(never());
  assert.ok(pong.kind === "pong" && pong.pong.host === "lab-host-01");
  receiver.interfere = () => problemResponse("disk-reserve", { "retry-after": "5" });
  const refused = await transport.ping(never());
  assert.ok(refused.kind === "refused" && refused.name === "disk-reserve");
  assert.equal(refused.retryAfterMs, 5000);
  receiver.interfere = () => Response.json({ ok: true });
  assert.equal((await transport.ping(never())).kind, "foreign");
  const stopped = await transport.ping(AbortSignal.abort());
  assert.equal(stopped.kind, "unreachable");
  transport.close();
});

Deno.test("the window is asked for once a minute, and by its ETag", async () => {
  await using receiver = startFakeReceiver();
  const tags: (string | null)[] = [];
  receiver.interfere = (request) => {
    // A server that compresses makes a strong tag weak; RFC 9110 section 13.1.2 compares weakly here.
    const tag = request.headers.get("if-none-match")?.replace(/^W\//, "") ?? null;
    tags.push(tag);
    return tag === '"1"'
      ? new Response(null, { status: 304, headers: OWN })
      : new Response(formatWindow(window), { headers: { ...OWN, etag: '"1"' } });
  };
  const time = { ms: 0 };
  const transport = transportTo(receiver.url, time);
  for (const ms of [0, 1, 59_999, 60_000, 119_999, 120_000]) {
    time.ms = ms;
    assert.deepEqual(await transport.window(never()), { kind: "window", window });
  }
  assert.deepEqual(tags, [null, '"1"', '"1"']);
  transport.close();
});

Deno.test("a window that can't be had is said each time, and an old one does not stand in for it", async () => {
  await using receiver = startFakeReceiver();
  const time = { ms: 0 };
  const transport = transportTo(receiver.url, time);
  receiver.interfere = () => problemResponse("window-unknown");
  assert.equal((await transport.window(never())).kind, "refused");
  receiver.interfere = () => new Response(formatWindow(window), { headers: OWN });
  assert.equal((await transport.window(never())).kind, "window");
  time.ms = 60_000;
  receiver.interfere = () => new Response("<html>");
  assert.equal((await transport.window(never())).kind, "foreign");
  // Nobody asked with an ETag for this one.
  receiver.interfere = () => new Response(null, { status: 304 });
  const fresh = transportTo(receiver.url);
  assert.equal((await fresh.window(never())).kind, "foreign");
  transport.close();
  fresh.close();
});

Deno.test("stored tells what the receiver has, and missing only by its own 404", async () => {
  await using receiver = startFakeReceiver();
  const transport = transportTo(receiver.url);
  assert.deepEqual(await transport.stored(id, never()), { kind: "missing" });
  receiver.stored.set("/v1/episodes/lab-host-01/e1", new Uint8Array(5));
  assert.deepEqual(await transport.stored(id, never()), {
    kind: "present",
    episodeDigest: sha256(new Uint8Array(5)),
  });
  receiver.interfere = () => new Response(null, { status: 404 });
  assert.equal((await transport.stored(id, never())).kind, "foreign");
  transport.close();
});

Deno.test("a restart of the receiver between two requests costs one try at most", async () => {
  await using receiver = startFakeReceiver();
  await using relay = startRelay(receiver.port);
  const transport = transportTo(`http://127.0.0.1:${relay.port}`);
  assert.equal((await transport.ping(never())).kind, "pong");
  relay.loseReplies = true;
  assert.equal((await transport.ping(never())).kind, "unreachable");
  relay.loseReplies = false;
  assert.equal((await transport.ping(never())).kind, "pong");
  transport.close();
});
