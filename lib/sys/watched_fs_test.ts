import assert from "node:assert/strict";
import { createEvidence } from "./evidence.ts";
import { FsError, type PlainFs } from "./fs.ts";
import { plainFs } from "./fs_plain.ts";
import { watchedFs } from "./watched_fs.ts";

function setUp(fs: Partial<PlainFs>, readings = false) {
  const clock = { at: 0, monotonic: () => clock.at };
  let fed = 0;
  const evidence = createEvidence(clock, { watchdogMs: 9000, feed: () => fed++ });
  const watched = watchedFs({ ...plainFs(), ...fs }, evidence, { readings });
  return { clock, evidence, watched, fed: () => fed };
}

Deno.test("a disk that does not answer withholds the feed, whatever else moves", async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  const { clock, evidence, watched, fed } = setUp({ syncDir: () => promise });
  const syncing = watched.syncDir("/srv");
  const busy = evidence.begin("upload");
  clock.at = 7000;
  busy.progress();
  assert.equal(fed(), 0);
  assert.deepEqual(evidence.stuck(), ["sync /srv"]);
  resolve();
  await syncing;
  assert.equal(fed(), 1);
});

Deno.test("an error that comes in time is no stall", async () => {
  const refuse = () => Promise.reject(new FsError("rename", "/a", "EIO"));
  const { evidence, watched, fed } = setUp({ rename: refuse });
  await assert.rejects(watched.rename("/a", "/b"), /EIO/);
  assert.equal(fed(), 1);
  assert.deepEqual(evidence.stuck(), []);
});

Deno.test("files are written and read as without it", async () => {
  const directory = await Deno.makeTempDir();
  const { clock, evidence, watched } = setUp({}, true);
  const file = await watched.create(`${directory}/a`);
  await file.write(new TextEncoder().encode("episode"));
  await file.seek(0);
  await file.truncate(4);
  await file.sync();
  file.close();
  const reading = watched.openRead(`${directory}/a`);
  assert.equal(reading.read(new Uint8Array(10)), 4);
  assert.equal(reading.stat().sizeBytes, 4);
  clock.at = 7000;
  assert.deepEqual(evidence.stuck(), [`reading ${directory}/a`]);
  assert.equal(reading.readAt(new Uint8Array(10), 1), 3);
  assert.deepEqual(evidence.stuck(), [], "each reading is progress");
  clock.at = 14_000;
  assert.deepEqual(evidence.stuck(), [`reading ${directory}/a`]);
  reading.close();
  assert.deepEqual(evidence.stuck(), []);
  await Deno.remove(directory, { recursive: true });
});
