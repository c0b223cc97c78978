import assert from "node:assert/strict";
import { plainFs, readSmallFile, systemClock } from "../sys/mod.ts";
import { findHostId } from "../episode/mod.ts";
import { must, problemResponse, startFakeReceiver } from "../../tests/fakes/receiver.ts";
import { needs } from "../../tests/skip.ts";
import { freePort, startCaddy } from "../../tests/tls/caddy.ts";
import { addDays, type Leaf, Pki } from "../../tests/tls/pki.ts";
import { type LayerReport, probeReceiver, type ProbeReport } from "./probe.ts";
import { createTransport, type TransportOptions } from "./transport.ts";

const PARTS = { commands: ["openssl", "caddy"] };
const host = must(findHostId("lab-host-01"));
const parts = { clock: systemClock, fs: plainFs(), readFile: readSmallFile };
const never = () => new AbortController().signal;

function optionsFor(url: string, caBundle: string, leaf: Leaf): TransportOptions {
  return {
    url,
    host,
    version: "0",
    readToken: () => "secret",
    certificates: { caBundle, clientCert: leaf.cert, clientKey: leaf.key },
  };
}

/** `name ok, tcp ok, …` up to the first that failed, and that one. */
function summary({ layers }: ProbeReport): string {
  return layers.map(({ layer, state }) => `${layer} ${state}`).join(", ");
}

function failed({ ok, layers }: ProbeReport): LayerReport {
  assert.equal(ok, false);
  const report = must(layers.find(({ state }) => state === "failed"));
  assert.ok(report.fix !== undefined, "what to do is said");
  return report;
}

const UP_TO_TLS =
  "name ok, tcp ok, tls ok, certificate failed, token not-tried, receiver not-tried";

Deno.test({
  ...needs("through a real Caddy: each state of certificate and authority has its words", PARTS),
  async fn() {
    await using receiver = startFakeReceiver();
    await using good = await Pki.create("good");
    await using evil = await Pki.create("evil");
    await using caddy = await startCaddy(await good.issue("pi"), good.caBundle, receiver.port);
    const leaf = await good.issue("lab-host-01");
    const probe = (ca: string, certificate: Leaf, url = caddy.url) =>
      probeReceiver(parts, optionsFor(url, ca, certificate), never());

    const fine = await probe(good.caBundle, leaf);
    assert.equal(fine.ok, true, JSON.stringify(fine.layers));
    assert.ok(fine.layers.every(({ state, ms }) => state === "ok" && ms !== undefined));
    assert.match(must(fine.layers[3]).words, /^accepted, 36\d days left$/);
    assert.equal(fine.pong?.host, "lab-host-01");
    assert.ok(Math.abs(must(fine.clockDifferenceMs)) < 2000);

    const stranger = await probe(good.caBundle, await evil.issue("lab-host-01"));
    assert.equal(summary(stranger), UP_TO_TLS);
    assert.match(failed(stranger).words, /does not accept this host's certificate/);

    const expired = await good.issue("expired", { from: addDays(-9), until: addDays(-2) });
    const late = await probe(good.caBundle, expired);
    assert.equal(summary(late), UP_TO_TLS);
    assert.match(failed(late).words, /expired\.crt expired on/);

    const none = await probe(good.caBundle, { cert: "/nonexistent/c", key: "/nonexistent/k" });
    assert.equal(summary(none), UP_TO_TLS);
    assert.match(failed(none).words, /^certificate not ready: \/nonexistent\/c is missing/);

    const mixed = await probe(good.caBundle, { cert: leaf.cert, key: expired.key });
    assert.match(failed(mixed).words, /do not belong together/);

    const distrust = await probe(evil.caBundle, leaf);
    assert.equal(failed(distrust).layer, "tls");
    assert.match(failed(distrust).words, /not signed by an authority in ca_bundle/);

    const otherName = await probe(good.caBundle, leaf, caddy.url.replace("localhost", "127.0.0.1"));
    assert.equal(failed(otherName).layer, "tls");
    assert.match(failed(otherName).words, /no certificate for the name in receiver.url/);
    await using strict = await startCaddy(await good.issue("pi"), good.caBundle, receiver.port, {
      defaultName: "localhost",
    });
    const wrong = await probe(good.caBundle, leaf, strict.url.replace("localhost", "127.0.0.1"));
    assert.equal(failed(wrong).layer, "tls");
    assert.match(failed(wrong).words, /for another name than the one in receiver.url/);
    for (
      const [dates, words] of [
        [{ from: addDays(-9), until: addDays(-2) }, /receiver's certificate has expired/],
        [{ from: addDays(2) }, /receiver's certificate is not valid yet/],
      ] as const
    ) {
      await using old = await startCaddy(
        await good.issue("pi", dates),
        good.caBundle,
        receiver.port,
      );
      const report = failed(await probe(good.caBundle, leaf, old.url));
      assert.equal(report.layer, "tls");
      assert.match(report.words, words);
    }
    const plain = await probe(good.caBundle, leaf, `https://127.0.0.1:${receiver.port}`);
    assert.equal(failed(plain).layer, "tls");
    assert.match(failed(plain).words, /does not speak TLS/);
    const nowhere = await probe(good.caBundle, leaf, `https://127.0.0.1:${freePort()}`);
    assert.equal(failed(nowhere).layer, "tcp");
    const unnamed = await probe(good.caBundle, leaf, "https://no-such-name.invalid");
    assert.equal(failed(unnamed).layer, "name");
  },
});

Deno.test({
  ...needs("through a real Caddy: token and receiver are told apart", PARTS),
  async fn() {
    await using receiver = startFakeReceiver();
    await using good = await Pki.create("good");
    await using caddy = await startCaddy(await good.issue("pi"), good.caBundle, receiver.port);
    const options = optionsFor(caddy.url, good.caBundle, await good.issue("lab-host-01"));
    const onPing = (response: () => Response) => {
      receiver.interfere = (request) => request.method === "POST" ? response() : undefined;
    };
    const probe = (change: Partial<TransportOptions> = {}) =>
      probeReceiver(parts, { ...options, ...change }, never());

    onPing(() => problemResponse("unauthorized"));
    const unknown = failed(await probe());
    assert.equal(unknown.layer, "token");
    assert.match(unknown.fix ?? "", /receive token add lab-host-01/);

    onPing(() => problemResponse("disk-reserve"));
    const full = await probe();
    assert.equal(failed(full).layer, "receiver");
    assert.equal(must(full.layers[4]).state, "ok");
    assert.match(failed(full).words, /disk is full/);

    onPing(() => new Response("<html>", { headers: { "content-type": "text/html" } }));
    const portal = await probe();
    assert.equal(failed(portal).layer, "receiver");
    assert.equal(must(portal.layers[4]).state, "not-tried");

    receiver.interfere = () => undefined;
    const other = failed(await probe({ host: must(findHostId("lab-host-02")) }));
    assert.equal(other.layer, "token");
    assert.equal(other.words, "the token is lab-host-01's, and this host is lab-host-02");

    const empty = failed(
      await probe({
        readToken: () => {
          throw new Error("/etc/cis490/token: the file is empty");
        },
      }),
    );
    assert.equal(empty.words, "token not ready: /etc/cis490/token: the file is empty");

    await receiver[Symbol.asyncDispose]();
    const down = failed(await probe());
    assert.equal(down.layer, "receiver");
    assert.match(down.words, /^502 from Caddy/);
  },
});

Deno.test({
  ...needs("a certificate appears, breaks, and is replaced while one transport lives", PARTS),
  async fn() {
    await using receiver = startFakeReceiver();
    await using good = await Pki.create("good");
    await using caddy = await startCaddy(await good.issue("pi"), good.caBundle, receiver.port);
    const [first, second] = [await good.issue("first"), await good.issue("second")];
    const file = { cert: `${good.directory}/live.crt`, key: `${good.directory}/live.key` };
    const complaints: (string | undefined)[] = [];
    const names: (string | null)[] = [];
    receiver.interfere = (request) => {
      names.push(request.headers.get("x-client-subject"));
      return undefined;
    };
    const transport = createTransport(parts, {
      ...optionsFor(caddy.url, good.caBundle, file),
      onComplaint: (complaint) => complaints.push(complaint),
    });
    const ping = () => transport.ping(never());

    const before = await ping();
    assert.ok(before.kind === "unreachable" && before.layer === "certificate");
    await Deno.copyFile(first.cert, file.cert);
    await Deno.copyFile(first.key, file.key);
    assert.equal((await ping()).kind, "pong");

    await Deno.copyFile(second.cert, file.cert);
    assert.equal((await ping()).kind, "pong", "the old pair stays in use");
    await Deno.writeTextFile(file.key, (await Deno.readTextFile(second.key)).slice(0, 60));
    assert.equal((await ping()).kind, "pong");
    await Deno.copyFile(second.key, file.key);
    assert.equal((await ping()).kind, "pong");
    assert.deepEqual(names, ["CN=first", "CN=first", "CN=first", "CN=second"]);
    assert.deepEqual(
      complaints.map((words) => words?.replace(/^.*live/, "live")),
      ["live.key do not belong together", "live.key is half written", undefined],
    );
    transport.close();
  },
});
