/** A lab host's disk from too small to enough: what does not fit waits, and goes by itself when there is room. */
import assert from "node:assert/strict";
import { check, contentOf } from "../queue/checker.ts";
import { needs } from "../skip.ts";
import { Lab, shell } from "./lab.ts";

const MIB = 1024 * 1024;
const IDS = ["a-1", "b-1", "c-1"];

/** A tmpfs in the place of the data directory. */
async function mount(directory: string, sizeKib: number): Promise<AsyncDisposable> {
  await Deno.mkdir(directory, { recursive: true });
  await shell(`mount -t tmpfs -o size="$2"k tmpfs "$1"`, directory, `${sizeKib}`);
  return { [Symbol.asyncDispose]: async () => void await shell(`umount "$1"`, directory) };
}

Deno.test({
  ...needs("a full disk loses nothing, says so, and needs nobody when there is room again", {
    root: true,
    commands: ["mount"],
  }),
  async fn(t) {
    await using lab = await Lab.start({ queue: "outbox_ahead = 4" });
    const config = (await Deno.readTextFile(lab.hostConfig)).replace(
      "min_free_mb = 16",
      "min_free_mb = 1",
    );
    // Three episodes of 1 MiB that no compressor shrinks; an archive needs as much again.
    for (const sizeKib of [3100, 3300, 3600, 4200, 5200, 6400, 9000, 14_000]) {
      await t.step(`${sizeKib} KiB`, async () => {
        const dataDir = `${lab.root}/disk-${sizeKib}`;
        await using _disk = await mount(dataDir, sizeKib);
        const expected = new Map<string, string>();
        for (const id of IDS) {
          const name = `${id}-${sizeKib}`;
          const directory = `${dataDir}/episodes/${name}`;
          await Deno.mkdir(directory, { recursive: true });
          await shell(`head -c ${MIB} /dev/urandom > "$1/noise.bin"`, directory);
          await Deno.writeTextFile(
            `${directory}/meta.json`,
            JSON.stringify({ code_version: { commit: lab.stamp } }),
          );
          expected.set(name, contentOf(directory));
        }
        const file = `${lab.root}/disk-${sizeKib}.toml`;
        await Deno.writeTextFile(
          file,
          config.replace(/^data_dir = .*$/m, `data_dir = "${dataDir}"`),
        );

        const tight = await lab.run(["ship", "--once", "--config", file]);
        assert.deepEqual(check(dataDir, expected).faults, [], tight.stderr);
        if (tight.code !== 0) assert.match(tight.stderr, /min_free_mb|No space|ENOSPC|full/);

        await shell(`mount -o remount,size=64m "$1"`, dataDir);
        // A try that failed for want of space has a wait of seconds; losing that note costs a request.
        await shell(`rm -f "$1"/outbox/*.json`, dataDir);
        const roomy = await lab.run(["ship", "--once", "--config", file]);
        assert.equal(roomy.code, 0, roomy.stderr);
        assert.deepEqual(check(dataDir, expected).faults, []);
        assert.equal([...Deno.readDirSync(`${dataDir}/shipped`)].length, IDS.length);
      });
    }
  },
});
