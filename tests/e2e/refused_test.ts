/** A backlog that no receiver can ever accept costs one request each, and none after that. */
import assert from "node:assert/strict";
import { problemResponse, startFakeReceiver } from "../fakes/receiver.ts";
import { LabHost } from "../transport/lab_host.ts";
import { shell } from "./lab.ts";

const EPISODES = 4465;

Deno.test(`${EPISODES} unstamped episodes are sent once each, and end in quarantine in one pass`, async () => {
  await using receiver = startFakeReceiver();
  receiver.interfere = ({ method }) => method === "PUT" ? problemResponse("unstamped") : undefined;
  await using host = await LabHost.create({ url: receiver.url, token: "t".repeat(43), stamp: "" });
  await shell(
    `cd "$1" && for at in $(seq $2); do mkdir old-$at && printf '{}' > old-$at/meta.json; done`,
    `${host.root}/data/episodes`,
    `${EPISODES}`,
  );
  for (const expected of [EPISODES, 0]) {
    const { code, stdout, stderr } = await host.run("ship", "--once", "--json");
    const { quarantined, codes } = JSON.parse(stdout);
    assert.equal(quarantined, expected, `${stdout}${stderr}`);
    assert.deepEqual(codes, expected === 0 ? {} : { unstamped: expected });
    assert.equal(code, 0, stderr);
  }
  const puts = receiver.requests.filter((line) => line.startsWith("PUT "));
  assert.equal(puts.length, EPISODES);
  assert.equal(new Set(puts.map((line) => line.split(" ")[1])).size, EPISODES);
  assert.deepEqual(host.waiting, []);
  const reason = JSON.parse(
    await Deno.readTextFile(`${host.root}/data/quarantine/old-1/quarantine_reason.json`),
  );
  assert.match(reason.remediation, /install-lab-host\.sh/);
});
