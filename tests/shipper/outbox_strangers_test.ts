/** What somebody else puts into outbox/ under a name of ours: it costs nothing but a line. */
import assert from "node:assert/strict";
import { Lab } from "./lab.ts";

Deno.test("a directory under a name of ours in outbox/ does not keep others from being shipped", async () => {
  await using lab = await Lab.open();
  const names = ["x.json", "y.tar.zst", "z.tar.zst.partial", "a.json.new"];
  for (const name of names) await Deno.mkdir(`${lab.dir}/outbox/${name}/in`, { recursive: true });
  for (const id of ["a", "b"]) await lab.record(id);
  const { counts } = await lab.pass();
  assert.equal(counts.shipped, 1);
  assert.deepEqual(lab.existing("shipped/b/episode"), ["shipped/b/episode"]);
  const { length } = lab.existing(...names.map((name) => `outbox/${name}/in`));
  assert.equal(length, names.length);
  const told = JSON.stringify(lab.named("stranger"));
  for (const name of names) assert.ok(told.includes(`"${name}"`), `${name} is not in ${told}`);
  assert.equal(counts.stuck, 1);
});
