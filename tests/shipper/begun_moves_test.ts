/** A move to a shelf that a killed command began: the next start finishes it, whenever the episode's next try may be. */
import assert from "node:assert/strict";
import { Lab, refusal } from "./lab.ts";

/** An episode that is held, and the note of its move to quarantine without the move. */
async function begunLab(): Promise<Lab> {
  const lab = await Lab.open();
  await lab.record("a");
  lab.receiver.answer = () => refusal("out-of-window");
  assert.equal((await lab.pass()).counts.held, 1);
  const { signature } = lab.readJson("outbox/a.json");
  await Deno.mkdir(`${lab.dir}/quarantine/a`);
  await Deno.writeTextFile(
    `${lab.dir}/quarantine/a/quarantine_reason.json`,
    JSON.stringify({ format: 1, id: "a", signature, code: "given-up", detail: "by hand" }),
  );
  lab.receiver.uploads.length = 0;
  return lab;
}

Deno.test("a held episode whose move to quarantine was begun is there after the next start, without a request", async () => {
  await using lab = await begunLab();
  await lab.restart();
  await lab.pass();
  assert.deepEqual(lab.existing("quarantine/a/episode", "episodes/a"), ["quarantine/a/episode"]);
  assert.equal(lab.receiver.uploads.length, 0);
  assert.deepEqual(lab.faults(), []);
});

Deno.test("what another episode of that name left on the shelf costs one request, once", async () => {
  await using lab = await begunLab();
  const note = `${lab.dir}/quarantine/a/quarantine_reason.json`;
  const text = await Deno.readTextFile(note);
  await Deno.writeTextFile(note, text.replace(/"signature":"[0-9a-f]{4}/, '"signature":"0000'));
  await lab.restart();
  for (let pass = 0; pass < 3; pass++) assert.equal((await lab.pass()).counts.held, 1);
  assert.equal(lab.receiver.uploads.length, 1);
  assert.deepEqual(lab.existing("episodes/a"), ["episodes/a"]);
});
