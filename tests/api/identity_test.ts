import assert from "node:assert/strict";
import { ask } from "./http.ts";
import { TestReceiver } from "./receiver.ts";

const PING = { method: "POST", path: "/v1/ping" };

Deno.test("on the proxy's socket certificate, token and path must name the same host", async () => {
  await using receiver = await TestReceiver.start({ listen: "unix", top: "" });
  const token = await receiver.token("lab-1");
  const authorization = `Bearer ${token}`;
  const as = (name: string) => ({ ...PING, headers: { "cis490-client-name": name } });
  const good = await receiver.ask(as("lab-1"), token);
  assert.equal(good.status, 200, good.text);
  assert.equal(JSON.parse(good.text).host, "lab-1");
  assert.equal((await receiver.ask(as("lab-2"), token)).problem, "wrong-host");
  assert.equal((await receiver.ask(as("lab-1, lab-2"), token)).problem, "wrong-host");
  const nameless = await receiver.ask(PING, token);
  assert.equal(nameless.problem, "wrong-host");
  assert.match(nameless.text, /no client certificate's name/);
  assert.equal((await receiver.ask(as("lab-1"))).problem, "unauthorized");
  const path = "/v1/episodes/lab-2/a";
  const headers = { authorization, "cis490-client-name": "lab-1" };
  const foreign = await ask(receiver.address, { method: "PUT", path, headers });
  assert.equal(foreign.problem, "wrong-host");
  assert.equal(Deno.statSync(`${receiver.root}/receive.sock`).mode! & 0o777, 0o660);
});

Deno.test("on TCP the proxy is believed only with its secret", async () => {
  const secrets = await Deno.makeTempDir({ prefix: "cis490-api-" });
  await Deno.writeTextFile(`${secrets}/proxy`, "open-sesame\n");
  await using receiver = await TestReceiver.start({
    top: `proxy_secret_file = "${secrets}/proxy"`,
  });
  const token = await receiver.token("lab-1");
  const name = { "cis490-client-name": "lab-1" };
  for (const secret of [undefined, "", "open-sesam", "open-sesame2"]) {
    const headers = secret === undefined ? name : { ...name, "cis490-proxy-secret": secret };
    const answer = await receiver.ask({ ...PING, headers }, token);
    assert.equal(answer.problem, "wrong-host", secret);
  }
  const headers = { ...name, "cis490-proxy-secret": "open-sesame" };
  assert.equal((await receiver.ask({ ...PING, headers }, token)).status, 200);
  assert.doesNotMatch(receiver.log, /sesam/);
  await Deno.remove(secrets, { recursive: true });
});

Deno.test("tokens come, are listed and go while the receiver runs", async () => {
  await using receiver = await TestReceiver.start();
  const status = async (token: string) => (await receiver.ask(PING, token)).status;
  const settled = async (token: string, expected: number) => {
    const deadline = Date.now() + 5000;
    while (await status(token) !== expected) {
      assert.ok(Date.now() < deadline, receiver.log);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  };
  const old = await receiver.command("receive", "token", "add", "lab-1");
  assert.equal(old.code, 0, old.stderr);
  assert.match(old.stdout, /^[A-Za-z0-9_-]{43}\n$/, "the token, alone on its line");
  const oldToken = old.stdout.trim();
  await settled(oldToken, 200);
  const newToken = await receiver.token("lab-1");
  const otherToken = await receiver.token("lab-2");
  await settled(otherToken, 200);
  assert.deepEqual([await status(oldToken), await status(newToken)], [200, 200]);

  const file = await Deno.readTextFile(`${receiver.root}/tokens.toml`);
  assert.ok(!file.includes(oldToken) && !receiver.log.includes(oldToken));
  assert.equal(Deno.statSync(`${receiver.root}/tokens.toml`).mode! & 0o777, 0o640);
  const list = await receiver.command("receive", "token", "list");
  assert.deepEqual(list.stdout.match(/lab-\d/g), ["lab-1", "lab-1", "lab-2"]);

  await Deno.writeTextFile(`${receiver.root}/tokens.toml`, `${file}[[token]]\nhost = `);
  const broken = await receiver.command("receive", "token", "add", "lab-3");
  assert.equal(broken.code, 1);
  assert.match(broken.stderr, /tokens\.toml: line \d+ is not TOML/);
  await new Promise((resolve) => setTimeout(resolve, 1100));
  assert.equal(await status(newToken), 200, "a file that can't be read changes nothing");
  assert.match(receiver.log, /event=tokens-unreadable/);
  await Deno.writeTextFile(`${receiver.root}/tokens.toml`, file);

  assert.equal((await receiver.command("receive", "token", "revoke", "lab-1")).code, 0);
  await settled(oldToken, 401);
  assert.deepEqual([await status(newToken), await status(otherToken)], [401, 200]);
  assert.equal((await receiver.command("receive", "token", "revoke", "lab-1")).code, 1);
  assert.equal((await receiver.command("receive", "token", "add", "a/b")).code, 2);
});

Deno.test("tokens added at the same time are all kept", async () => {
  await using receiver = await TestReceiver.start();
  const hosts = ["a", "b", "c", "d"];
  const tokens = await Promise.all(hosts.map((host) => receiver.token(host)));
  const answers = await Promise.all(tokens.map((token) => receiver.ask(PING, token)));
  assert.deepEqual(answers.map(({ text }) => JSON.parse(text).host), hosts);
});
