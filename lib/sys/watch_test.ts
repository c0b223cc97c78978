import assert from "node:assert/strict";
import { systemClock } from "./clock.ts";
import { watchDirectory } from "./watch.ts";

const never = new AbortController().signal;

Deno.test("a name that appears ends the wait long before the tick", async () => {
  const directory = await Deno.makeTempDir();
  const watch = watchDirectory(systemClock, directory);
  setTimeout(() => Deno.mkdirSync(`${directory}/episode`), 20);
  assert.equal(await watch.wait(10_000, never), "event");
  assert.equal(await watch.wait(50, never), "tick");
  watch.close();
});

Deno.test("what happened between two waits is not lost", async () => {
  const directory = await Deno.makeTempDir();
  const watch = watchDirectory(systemClock, directory);
  Deno.mkdirSync(`${directory}/episode`);
  await systemClock.sleep(100);
  assert.equal(await watch.wait(10_000, never), "event");
  watch.close();
});

Deno.test("a directory that comes later is watched from then on", async () => {
  const directory = `${await Deno.makeTempDir()}/later`;
  const watch = watchDirectory(systemClock, directory);
  assert.equal(await watch.wait(10, never), "tick");
  Deno.mkdirSync(directory);
  const wait = watch.wait(10_000, never);
  Deno.mkdirSync(`${directory}/episode`);
  assert.equal(await wait, "event");
  watch.close();
});

Deno.test("a signal and a poke end the wait", async () => {
  const watch = watchDirectory(systemClock, await Deno.makeTempDir());
  assert.equal(await watch.wait(10_000, AbortSignal.abort()), "aborted");
  setTimeout(() => watch.poke(), 10);
  assert.equal(await watch.wait(10_000, never), "event");
  watch.close();
});

Deno.test("what happens while a wait is given up is heard by the next one", async () => {
  const directory = await Deno.makeTempDir();
  const watch = watchDirectory(systemClock, directory);
  const stop = new AbortController();
  const wait = watch.wait(10_000, stop.signal);
  Deno.mkdirSync(`${directory}/episode`);
  // It waits for the end of the burst by then.
  await systemClock.sleep(20);
  stop.abort();
  assert.equal(await wait, "aborted");
  assert.equal(await watch.wait(10_000, never), "event");
  watch.close();
});

Deno.test("a name that goes away is no event", async () => {
  const directory = await Deno.makeTempDir();
  const elsewhere = await Deno.makeTempDir();
  Deno.mkdirSync(`${directory}/moved`);
  Deno.mkdirSync(`${directory}/removed`);
  const watch = watchDirectory(systemClock, directory);
  Deno.renameSync(`${directory}/moved`, `${elsewhere}/moved`);
  Deno.removeSync(`${directory}/removed`);
  assert.equal(await watch.wait(200, never), "tick");
  Deno.renameSync(`${elsewhere}/moved`, `${directory}/moved`);
  assert.equal(await watch.wait(10_000, never), "event");
  watch.close();
});
