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
  const stuck = lab.results.find(({ id }) => id === "a")?.outcome;
  assert.equal(stuck?.remediation, `ls -ld ${lab.dir}/outbox/a.json.new`);
});

Deno.test("where a rename meets a directory, the command that shows it redirects nothing", async () => {
  await using lab = await Lab.open();
  await lab.record("a");
  lab.beforePack = () => Deno.mkdirSync(`${lab.dir}/outbox/a.tar.zst`);
  await lab.pass();
  const stuck = lab.results.find(({ id }) => id === "a")?.outcome;
  const { outbox } = lab.queue.layout;
  assert.equal(stuck?.remediation, `ls -ld ${outbox}/a.tar.zst.partial ${outbox}/a.tar.zst`);
});
