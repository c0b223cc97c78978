/**
 * A lab host's disk from too small to enough, under a daemon that nobody touches: what does not fit waits, and goes by
 * itself when there is room.
 */
import assert from "node:assert/strict";
import { check, contentOf } from "../queue/checker.ts";
import { needs } from "../skip.ts";
import { TestProcess } from "../transport/process.ts";
import { Lab, shell } from "./lab.ts";

const MIB = 1024 * 1024;
/** Each of 1 MiB that no compressor shrinks: its archive needs as much again. */
const IDS = ["a", "b", "c"];
const PATIENCE_MS = 30_000;
const TMPFS = { root: true, commands: ["mount"] };

/** A data directory of a size of its own. */
class Disk implements AsyncDisposable {
  private constructor(
    readonly directory: string,
    readonly config: string,
    readonly expected: ReadonlyMap<string, string>,
  ) {}

  static async mount(lab: Lab, name: string, sizeKib: number): Promise<Disk> {
    const directory = `${lab.root}/disk-${name}`;
    await Deno.mkdir(directory);
    await shell(`mount -t tmpfs -o size="$2"k tmpfs "$1"`, directory, `${sizeKib}`);
    const expected = new Map<string, string>();
    for (const id of IDS) {
      const episode = `${directory}/episodes/${id}-${name}`;
      await Deno.mkdir(episode, { recursive: true });
      await shell(`head -c ${MIB} /dev/urandom > "$1/noise.bin"`, episode);
      const meta = { code_version: { commit: lab.stamp } };
      await Deno.writeTextFile(`${episode}/meta.json`, JSON.stringify(meta));
      expected.set(`${id}-${name}`, contentOf(episode));
    }
    const config = `${lab.root}/disk-${name}.toml`;
    const text = (await Deno.readTextFile(lab.hostConfig))
      .replace(/^data_dir = .*$/m, `data_dir = "${directory}"`)
      .replace("min_free_mb = 16", "min_free_mb = 1");
    await Deno.writeTextFile(config, text);
    return new Disk(directory, config, expected);
  }

  daemon(): TestProcess {
    return TestProcess.spawn(["ship", "--daemon", "--config", this.config]);
  }
  async grow(): Promise<void> {
    await shell(`mount -o remount,size=64m "$1"`, this.directory);
  }
  names(directory: string): string[] {
    return [...Deno.readDirSync(`${this.directory}/${directory}`)].map(({ name }) => name);
  }
  get faults(): readonly string[] {
    return check(this.directory, this.expected).faults;
  }
  get isShipped(): boolean {
    return this.names("episodes").length === 0 && this.names("shipped").length === IDS.length;
  }
  async [Symbol.asyncDispose](): Promise<void> {
    await shell(`umount "$1"`, this.directory);
  }
}

async function until(daemon: TestProcess, condition: () => boolean): Promise<void> {
  for (const end = performance.now() + PATIENCE_MS; !condition();) {
    assert.ok(performance.now() < end && daemon.runs, `in ${PATIENCE_MS} ms\n${daemon.log}`);
    await new Promise((done) => setTimeout(done, 50));
  }
}

Deno.test({
  ...needs("a full disk loses nothing, says so, and needs nobody when there is room again", TMPFS),
  async fn(t) {
    await using lab = await Lab.start({ queue: "scan_interval_s = 1" });
    const tight: number[] = [];
    for (const sizeKib of [3100, 3600, 4200, 5200, 6400, 14_000]) {
      await t.step(`${sizeKib} KiB`, async () => {
        await using disk = await Disk.mount(lab, `${sizeKib}`, sizeKib);
        {
          await using daemon = disk.daemon();
          await until(daemon, () => disk.isShipped || daemon.count(/event=disk-low/) > 0);
          if (!disk.isShipped) {
            tight.push(sizeKib);
            assert.match(daemon.log, /min_free_mb/);
            await disk.grow();
            await until(daemon, () => disk.isShipped);
          }
        }
        assert.deepEqual(disk.faults, []);
      });
    }
    console.log(`too small: ${tight.join(", ")} KiB`);
    assert.ok(tight.length > 0 && tight.length < 6, `${tight}`);
  },
});

Deno.test({
  ...needs("a disk that fills up while archives wait loses nothing, and goes on by itself", TMPFS),
  async fn() {
    await using lab = await Lab.start({ queue: "scan_interval_s = 1" });
    await lab.stopReceiver();
    await using disk = await Disk.mount(lab, "filling", 14_000);
    {
      await using daemon = disk.daemon();
      await daemon.until(/event=shipper-started/, PATIENCE_MS);
      const packed = () => disk.names("outbox").filter((name) => name.endsWith(".zst")).length;
      await until(daemon, () => packed() === IDS.length);
      await shell(`head -c 64M /dev/zero > "$1/somebody-elses" || true`, disk.directory);
      await lab.startReceiver();
      await until(daemon, () => daemon.count(/event=episode-stuck .*ENOSPC/) > 0);
      assert.match(daemon.log, /event=episode-stuck .*df -h/);
      assert.equal(disk.names("episodes").length, IDS.length);
      await disk.grow();
      await until(daemon, () => disk.isShipped);
    }
    assert.deepEqual(disk.faults, []);
  },
});
