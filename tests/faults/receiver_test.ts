/**
 * A sample of the sweep over every system call of a PUT and of an upload in pieces; `./denow task sweep receiver` is the whole of
 * it. The seed is printed: `./denow task sweep receiver --count=200 --seed=N` does the same again.
 */
import assert from "node:assert/strict";
import { needs } from "../skip.ts";
import { checkEnd, checkStore } from "./receiver_check.ts";
import { HOST, Site } from "./receiver_run.ts";
import { findReceiverPoints, tryReceiverPoint } from "./receiver_sweep.ts";
import { ERRORS, sample, TRACED, tryAll } from "./sweep.ts";

const KINDS = [
  { name: "killed", injections: ["signal=KILL"], count: 160 },
  { name: "given an error", injections: ERRORS.map((errno) => `error=${errno}`), count: 60 },
];

for (const { name, injections, count } of KINDS) {
  Deno.test({
    ...needs(
      `a receiver that is ${name} at any system call of an upload has torn nothing and forgotten nothing, and takes it the next time`,
      TRACED,
    ),
    async fn() {
      await using site = await Site.make();
      const seed = Math.floor(Math.random() * 2 ** 31);
      const points = sample(await findReceiverPoints(site, injections), count, seed);
      const tryOne = (run: number, point: typeof points[number]) =>
        tryReceiverPoint(site, run, point);
      const { hit, failures } = await tryAll(points, tryOne, { workers: 2 });
      console.log(`${name}: ${hit} of ${points.length} points hit, seed ${seed}`);
      assert.deepEqual(failures, []);
      assert.ok(hit > count / 2, `only ${hit} of ${count} points were hit`);
    },
  });
}

Deno.test("what a fault could do to a store would be seen", async (t) => {
  await using site = await Site.make();
  const run = await site.run(1);
  await run.start();
  const { told } = await run.sendOnce();
  await run.end("SIGTERM");
  assert.deepEqual([...checkStore(site, run, told), ...checkEnd(site, run)], []);

  const archive = `${run.store}/episodes/${HOST}/pieces.tar.zst`;
  const receipt = `${run.store}/episodes/${HOST}/pieces.json`;
  const damages: Readonly<Record<string, () => void>> = {
    "pieces.tar.zst is torn": () => Deno.truncateSync(archive, 299_000),
    "pieces.json is torn": () => Deno.truncateSync(receipt, 300),
    "pieces has a receipt and no archive": () => Deno.removeSync(archive),
    "pieces was acknowledged, and is not stored": () => Deno.removeSync(receipt),
    "the store has .*pieces~1.incoming": () =>
      Deno.writeTextFileSync(`${run.store}/uploads/${HOST}/pieces~1.incoming`, ""),
  };
  for (const [fault, damage] of Object.entries(damages)) {
    await t.step(fault, () => {
      const before = [archive, receipt].map((path) => [path, Deno.readFileSync(path)] as const);
      damage();
      const faults = [...checkStore(site, run, told), ...checkEnd(site, run)].join("; ");
      assert.match(faults, new RegExp(fault));
      for (const [path, bytes] of before) Deno.writeFileSync(path, bytes);
    });
  }
});
