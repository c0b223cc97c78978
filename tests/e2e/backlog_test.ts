/** A backlog costs the memory of a few: what is held is looked at, not kept. CIS490_BACKLOG sets its length. */
import assert from "node:assert/strict";
import { Lab, shell } from "./lab.ts";

const LONG = Number(Deno.env.get("CIS490_BACKLOG") ?? "2000");
const LIMIT_BYTES = 30 * 1024 * 1024;

/** Held: their commit is in no window. */
async function recordHeld(lab: Lab, from: number, to: number): Promise<void> {
  await shell(
    `cd "$1" && for at in $(seq $2 $3); do mkdir held-$at && printf "$4" > held-$at/meta.json; done`,
    `${lab.root}/data/episodes`,
    `${from}`,
    `${to}`,
    JSON.stringify({ code_version: { commit: "0".repeat(40) } }),
  );
}

Deno.test(`${LONG} held episodes take no more memory than ten, pass after pass`, async () => {
  await using lab = await Lab.start();
  await recordHeld(lab, 1, 10);
  const few = await lab.ship();
  assert.match(few.stdout, /held 10\b/);
  await recordHeld(lab, 11, LONG);
  const first = await lab.ship("--json");
  const again = await lab.ship("--json");
  assert.equal(JSON.parse(again.stdout).held, LONG);
  const mib = (bytes: number) => Math.round(bytes / 1024 / 1024);
  console.log(
    `peak RSS: ten ${mib(few.peakRssBytes)} MiB, ${LONG} at first ${
      mib(first.peakRssBytes)
    } MiB, ` +
      `again ${mib(again.peakRssBytes)} MiB; the second pass took ${
        JSON.parse(again.stdout).ms
      } ms`,
  );
  for (const { peakRssBytes } of [first, again]) {
    assert.ok(peakRssBytes - few.peakRssBytes < LIMIT_BYTES, `${peakRssBytes}`);
  }
});
