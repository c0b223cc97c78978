/** The model itself: it forgets what was not synced, and keeps what was. */
import assert from "node:assert/strict";
import { ModelFs } from "./filesystem.ts";

const bytes = new TextEncoder().encode("telemetry");
/** Nothing that was not synced survives. */
const worst = () => 0.999;

async function write(fs: ModelFs, path: string, options: { sync: boolean }): Promise<void> {
  const file = await fs.create(path);
  await file.write(bytes);
  if (options.sync) await file.sync();
  file.close();
}

Deno.test("a synced file without a synced name is gone after a cut", async () => {
  const fs = new ModelFs(0n);
  await write(fs, "/a", { sync: true });
  fs.cutPower(worst);
  assert.deepEqual(fs.list("/"), []);
});

Deno.test("a synced name without synced bytes has no such bytes after a cut", async () => {
  const fs = new ModelFs(0n);
  await write(fs, "/a", { sync: false });
  await fs.syncDir("/");
  fs.cutPower(() => 0);
  assert.equal(fs.snapshot().get("/a")?.byteLength, 0);
});

Deno.test("file and name synced survive every cut", async () => {
  for (const random of [() => 0, () => 0.4, worst]) {
    const fs = new ModelFs(0n);
    await write(fs, "/a", { sync: true });
    await fs.syncDir("/");
    fs.cutPower(random);
    assert.deepEqual(fs.snapshot().get("/a"), bytes);
  }
});

Deno.test("bytes appended after a sync may be torn, those before it stay", async () => {
  for (let at = 0; at < 100; at++) {
    const fs = new ModelFs(0n);
    const file = await fs.create("/a");
    await file.write(bytes);
    await file.sync();
    await fs.syncDir("/");
    await file.write(new Uint8Array(5000));
    fs.cutPower(() => at / 100);
    assert.deepEqual(fs.snapshot().get("/a")?.subarray(0, bytes.byteLength), bytes);
  }
});

Deno.test("a rename is in one place or the other, never in both or in none", async () => {
  for (const random of [() => 0, worst]) {
    const fs = new ModelFs(0n);
    await fs.mkdir("/from");
    await fs.mkdir("/to");
    await write(fs, "/from/a", { sync: true });
    fs.syncAll();
    await fs.rename("/from/a", "/to/a");
    fs.cutPower(random);
    const places = [...fs.snapshot().keys()].filter((path) => path.endsWith("/a"));
    assert.equal(places.length, 1);
  }
});

Deno.test("syncing the target's directory makes the whole rename durable", async () => {
  const fs = new ModelFs(0n);
  await fs.mkdir("/from");
  await fs.mkdir("/to");
  await write(fs, "/from/a", { sync: true });
  fs.syncAll();
  await fs.rename("/from/a", "/to/a");
  await fs.syncDir("/to");
  fs.cutPower(worst);
  assert.deepEqual([...fs.snapshot().keys()], ["/from", "/to", "/to/a"]);
});

Deno.test("a move into a directory whose own name was not synced can lose what was moved", async () => {
  const fs = new ModelFs(0n);
  await write(fs, "/a", { sync: true });
  fs.syncAll();
  await fs.mkdir("/new");
  await fs.rename("/a", "/new/a");
  await fs.syncDir("/new");
  fs.cutPower(worst);
  assert.deepEqual([...fs.snapshot().keys()], []);
});

Deno.test("syncfs makes every name and every byte durable", async () => {
  const fs = new ModelFs(0n);
  const disk = fs.openDisk("/");
  await fs.mkdir("/d");
  await write(fs, "/d/a", { sync: false });
  await write(fs, "/d/b", { sync: false });
  await fs.rename("/d/b", "/c");
  const before = fs.snapshot();
  await disk.sync();
  fs.cutPower(worst);
  assert.deepEqual(fs.snapshot(), before);
});
