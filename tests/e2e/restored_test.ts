/** A receiver's store is restored from an older backup: the lab host sends again what it lacks, and nobody has to tell it to. */
import assert from "node:assert/strict";
import { contentOf } from "../queue/checker.ts";
import { needs } from "../skip.ts";
import { Lab, shell } from "./lab.ts";

const IDS = ["before-1", "before-2", "torn", "bare", "odd", "after-1", "after-2"];

/** Of everything in an episode's directory; not of the directory itself, whose times no archive keeps. */
function contentIn(directory: string): string {
  const names = [...Deno.readDirSync(directory)].map(({ name }) => name).sort();
  return names.map((name) => `${name} ${contentOf(`${directory}/${name}`)}`).join("\n");
}

/** Has the lab host's shipped episodes be old enough to be removed by the next pass. */
async function makeOld(lab: Lab): Promise<void> {
  const config = await Deno.readTextFile(lab.hostConfig);
  await Deno.writeTextFile(
    lab.hostConfig,
    config.replace("shipped_keep_days = 7", "shipped_keep_days = 0.000001"),
  );
}

Deno.test({
  ...needs(
    "what a restored store lacks is sent again before its lab host removes it, and only that",
    {
      commands: ["zstd", "tar"],
    },
  ),
  async fn() {
    await using lab = await Lab.start({
      queue: "shipped_keep_days = 7\nquarantine_cleanup_interval_s = 0",
    });
    const contents = new Map<string, string>();
    const ship = async (...ids: string[]) => {
      for (const id of ids) {
        await lab.record(id, (directory) => Deno.writeTextFile(`${directory}/note`, id));
        contents.set(id, contentIn(lab.episode(id)));
      }
      const { code, stdout, stderr } = await lab.ship();
      assert.equal(code, 0, stderr);
      assert.match(stdout, new RegExp(`shipped ${ids.length},`));
    };
    await ship("before-1", "before-2", "torn", "bare", "odd");
    await shell(`cp -a "$1/store" "$1/backup"`, lab.root);
    // A copy of a store in use: an archive that was not whole yet, one that was not there yet, a receipt that was cut.
    const copied = lab.stored.replace("/store/", "/backup/");
    await Deno.truncate(`${copied}/torn.tar.zst`, 100);
    await Deno.remove(`${copied}/bare.tar.zst`);
    await Deno.truncate(`${copied}/odd.json`, 100);
    await ship("after-1", "after-2");

    await lab.stopReceiver("SIGKILL");
    await shell(`mv "$1/store" "$1/lost" && mv "$1/backup" "$1/store"`, lab.root);
    await lab.startReceiver();
    const receipts = `${lab.root}/receipts`;
    await shell(`cat "$1"/data/shipped/*/receipt.json > "$2"`, lab.root, receipts);
    const store = (name: string, ...args: string[]) =>
      lab.run(["receive", name, ...args, "--config", lab.receiverConfig]);
    const before = await store("reconcile", receipts);
    assert.match(before.stderr, /of 7 receipts the store has 2, lacks 5, has different 0/);
    assert.equal(before.code, 1);

    await makeOld(lab);
    const first = await lab.ship();
    assert.match(first.stdout, /^shipped 4, already stored 1, held 0, quarantined 0, waiting 0/m);
    // By now the receiver has all of them, and the lab host need not keep them any longer.
    assert.match((await lab.ship()).stdout, /^shipped 0, .* waiting 0/m);
    assert.deepEqual([...Deno.readDirSync(`${lab.root}/data/shipped`)], []);
    assert.deepEqual([...Deno.readDirSync(`${lab.root}/data/episodes`)], []);

    const after = await store("reconcile", receipts);
    assert.equal(after.code, 0, after.stdout + after.stderr);
    assert.match(after.stderr, /the store has 7, lacks 0, has different 0/);
    for (const id of IDS) {
      const unpacked = `${lab.root}/unpacked-${id}`;
      await shell(
        `mkdir "$2" && zstd -q -dc "$1" | tar -xpf - -C "$2"`,
        `${lab.stored}/${id}.tar.zst`,
        unpacked,
      );
      assert.equal(contentIn(unpacked), contents.get(id), id);
    }
    const list = await store("list");
    assert.equal(list.stdout.trim().split("\n").length, IDS.length + 1);
    const scrub = await store("scrub");
    assert.match(scrub.stderr, /7 episodes sound/);
    // What was torn lies aside, for a person to look at.
    assert.deepEqual(new Set(scrub.stdout.match(/^\w+/gm)), new Set(["aside"]), scrub.stdout);
  },
});
