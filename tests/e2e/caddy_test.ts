/** Through a real Caddy with the configuration that is installed, both ends the compiled binary. */
import assert from "node:assert/strict";
import { CADDYFILE, type Front, frontEnvironment, startFront } from "../transport/front.ts";
import { LabHost } from "../transport/lab_host.ts";
import { Pi } from "../transport/pi.ts";
import { digestsOf, putHeaders } from "../api/sample.ts";
import { needs } from "../skip.ts";
import { addDays, type Leaf, Pki } from "../tls/pki.ts";

const PARTS = { commands: ["openssl", "caddy", "curl"] };

Deno.test({
  ...needs("caddy accepts the installed Caddyfile, and finds it well formed", PARTS),
  async fn() {
    await using pki = await Pki.create("good");
    const env = frontEnvironment(pki.directory, await pki.issue("pi"), pki.caBundle, "/s", 8443);
    const file = ["--adapter", "caddyfile", "--config", CADDYFILE];
    for (const args of [["validate", ...file], ["adapt", ...file], ["fmt", CADDYFILE]]) {
      const output = await new Deno.Command("caddy", { args, env }).output();
      const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
      assert.ok(output.success, text(output.stderr));
      if (args[0] === "fmt") assert.equal(text(output.stdout), await Deno.readTextFile(CADDYFILE));
      // Nothing else of this machine is opened: no port 80, and no authority is asked.
      if (args[0] === "adapt") assert.doesNotMatch(text(output.stdout), /":80"|acme/);
    }
  },
});

interface Case {
  readonly what: string;
  readonly leaf: Leaf;
  readonly ca?: string;
  readonly token?: string;
  /** What `cis490 ping` says of the layer that fails. */
  readonly ping: RegExp;
  /** What `cis490 ship --once` says. */
  readonly ship: RegExp;
}

Deno.test({
  ...needs("mutual TLS ships; each wrong identity is refused in words at the lab host", PARTS),
  async fn() {
    await using good = await Pki.create("good");
    await using evil = await Pki.create("evil");
    await using pi = await Pi.start();
    await using front = await startFront(await good.issue("pi"), good.caBundle, pi.socket);
    const leaf = await good.issue("lab-host-01");
    const token = await pi.token("lab-host-01");
    const hostWith = (leaf: Leaf, ca = good.caBundle, hostToken = token) =>
      LabHost.create({
        url: `https://localhost:${front.port}`,
        token: hostToken,
        stamp: pi.stamp,
        certificates: { ca, ...leaf },
      });

    const expired = { from: addDays(-9), until: addDays(-2) };
    const cases: Case[] = [
      {
        what: "no certificate",
        leaf: { cert: `${good.directory}/none.crt`, key: `${good.directory}/none.key` },
        ping: /^certificate +FAILED .*certificate not ready: .*none\.crt is missing$/m,
        ship: /certificate not ready: .*none\.crt is missing/,
      },
      {
        what: "a wrong authority's certificate",
        leaf: await evil.issue("lab-host-01"),
        ping: /^certificate +FAILED .*the receiver does not accept this host's certificate/m,
        ship: /the receiver does not accept this host's certificate/,
      },
      {
        what: "a receiver of a wrong authority",
        leaf,
        ca: evil.caBundle,
        ping: /^tls +FAILED .*not signed by an authority in ca_bundle$/m,
        ship: /not signed by an authority in ca_bundle/,
      },
      {
        what: "an expired certificate",
        leaf: await good.issue("expired", expired),
        ping: /^certificate +FAILED .*expired\.crt expired on .*: have a new one issued$/m,
        ship: /expired\.crt expired on /,
      },
      {
        what: "another host's certificate",
        leaf: await good.issue("lab-host-02"),
        ping: /^token +FAILED .*the certificate is "lab-host-02"'s, the token lab-host-01's$/m,
        ship: /the certificate is "lab-host-02"'s, the token lab-host-01's/,
      },
      {
        what: "a wrong token",
        leaf,
        token: "A".repeat(43),
        ping: /^token +FAILED .*the token is not one of this receiver's$/m,
        ship: /the token is not one of this receiver's/,
      },
      {
        what: "another host's token",
        leaf,
        token: await pi.token("lab-host-02"),
        ping: /^token +FAILED .*the certificate is "lab-host-01"'s, the token lab-host-02's$/m,
        ship: /the certificate is "lab-host-01"'s, the token lab-host-02's/,
      },
    ];
    for (const { what, leaf, ca, token, ping, ship } of cases) {
      await using host = await hostWith(leaf, ca, token);
      await host.record("a-1");
      const pinged = await host.run("ping");
      assert.equal(pinged.code, 1, what);
      assert.match(pinged.stdout, ping, what);
      assert.match(pinged.stdout, /^ {2}fix: /m, what);
      const shipped = await host.run("ship", "--once");
      assert.equal(shipped.code, 1, what);
      assert.match(shipped.stderr, ship, what);
      assert.deepEqual(host.waiting, ["a-1"], what);
    }
    assert.deepEqual(
      [...await pi.receipts("lab-host-01"), ...await pi.receipts("lab-host-02")],
      [],
    );

    await using host = await hostWith(leaf);
    const pinged = await host.run("ping");
    assert.equal(pinged.code, 0, pinged.stdout);
    await host.record("small-1");
    await host.record("large-1", 9_000_000);
    const shipped = await host.run("ship", "--once");
    assert.equal(shipped.code, 0, shipped.stderr);
    assert.deepEqual(host.shipped, ["large-1", "small-1"]);
    const receipts = await pi.receipts("lab-host-01");
    for (const id of host.shipped) {
      const digest = /sha256:[0-9a-f]{64}/.exec(receipts.get(id) ?? "")?.[0] ?? "none";
      assert.ok((await host.receipt(id)).includes(digest), id);
    }
  },
});

/** What comes back to a ping by curl with this certificate, the status on the last line. */
async function curl(front: Front, leaf: Leaf, ...args: string[]): Promise<string> {
  const output = await new Deno.Command("curl", {
    args: [
      ...["-sk", "--http1.1", "--cert", leaf.cert, "--key", leaf.key, "-X", "POST"],
      ...["-w", "\n%{http_code}", ...args],
      ...(args.includes("--url") ? [] : [`https://localhost:${front.port}/v1/ping`]),
    ],
  }).output();
  return new TextDecoder().decode(output.stdout);
}

Deno.test({
  ...needs("who asks is what the certificate says, whatever the request says", PARTS),
  async fn() {
    await using good = await Pki.create("good");
    await using pi = await Pi.start();
    await using front = await startFront(await good.issue("pi"), good.caBundle, pi.socket);
    const mine = await good.issue("mallory");
    const bearer = `Authorization: Bearer ${await pi.token("lab-host-01")}`;
    for (
      const headers of [
        [],
        ["Cis490-Client-Name: lab-host-01"],
        ["cis490-client-name: lab-host-01", "CIS490-CLIENT-NAME: lab-host-01"],
        // A field that is named as hop-by-hop is taken out by the proxy: before it sets its own.
        ["Cis490-Client-Name: lab-host-01", "Connection: close, Cis490-Client-Name"],
        ["Cis490-Proxy-Secret: guess", "X-Forwarded-For: 127.0.0.1"],
      ]
    ) {
      const fields = [bearer, ...headers].flatMap((field) => ["-H", field]);
      const answer = await curl(front, mine, ...fields);
      assert.match(answer, /the certificate is \\"mallory\\"'s, the token lab-host-01's/, answer);
      assert.match(answer, /\n403$/);
    }

    const subjects: [string, string, number][] = [
      ["plain", "/CN=lab-host-01", 200],
      ["with an organisation", "/O=the lab/CN=lab-host-01", 200],
      ["a name inside another value", "/O=x,CN=lab-host-01/CN=mallory", 403],
      ["a name inside a name", "/CN=x,CN=lab-host-01", 403],
      ["no name", "/O=lab-host-01", 403],
      ["a name inside the only value", "/O=x,CN=lab-host-01", 403],
    ];
    for (const [what, subject, status] of subjects) {
      const leaf = await good.issue("other", { subject });
      const answer = await curl(front, leaf, "-H", bearer);
      assert.ok(answer.endsWith(`\n${status}`), `${what}: ${answer}`);
    }
  },
});

Deno.test({
  ...needs("the proxy ends a head that dawdles, and a body beyond the largest piece", PARTS),
  async fn() {
    await using good = await Pki.create("good");
    await using pi = await Pi.start();
    await using front = await startFront(await good.issue("pi"), good.caBundle, pi.socket);
    const leaf = await good.issue("lab-host-01");
    const token = await pi.token("lab-host-01");
    const [cert, key, ca] = await Promise.all(
      [leaf.cert, leaf.key, good.caBundle].map((path) => Deno.readTextFile(path)),
    );
    const options = { hostname: "localhost", port: front.port, caCerts: [ca ?? ""] };
    using slow = await Deno.connectTls({ ...options, cert: cert ?? "", key: key ?? "" });
    await slow.write(new TextEncoder().encode("POST /v1/ping HTTP/1.1\r\nHost: local"));
    const began = performance.now();
    const buffer = new Uint8Array(1024);
    while (await slow.read(buffer).catch(() => null) !== null);
    const ms = performance.now() - began;
    assert.ok(ms > 5000 && ms < 15_000, `${ms}`);

    const noise = new Uint8Array(16 * 1024 * 1024 + 1);
    for (let at = 0; at < noise.length; at += 65_536) {
      crypto.getRandomValues(noise.subarray(at, at + 65_536));
    }
    const big = `${good.directory}/big`;
    await Deno.writeFile(big, noise);
    const fields = { authorization: `Bearer ${token}`, ...putHeaders(digestsOf(noise), pi.stamp) };
    const answer = await curl(
      front,
      leaf,
      ...Object.entries(fields).flatMap(([name, value]) => ["-H", `${name}: ${value}`]),
      ...["-X", "PUT", "--data-binary", `@${big}`, "--url"],
      `https://localhost:${front.port}/v1/episodes/lab-host-01/big-1`,
    );
    assert.match(answer, /\n413$/);
  },
});
