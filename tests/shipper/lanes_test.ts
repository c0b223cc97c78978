/** Small and large episodes side by side, and passes that follow each other. */
import assert from "node:assert/strict";
import { runDaemon, runPass } from "../../lib/shipper/mod.ts";
import { systemClock, watchDirectory } from "../../lib/sys/mod.ts";
import { contentOf } from "../queue/checker.ts";
import { Lab, refusal, unreachable } from "./lab.ts";

const LARGE_BYTES = 65 * 1024 * 1024;

async function recordLarge(lab: Lab, id: string): Promise<void> {
  const path = await lab.record(id, { big: "" });
  // A hole: it takes no space, and is as large as it says.
  await Deno.truncate(`${path}/big`, LARGE_BYTES);
  lab.recorded.set(id, contentOf(path));
}

/** Answers "stored" for a large episode only when `open` is called. */
function gateFor(lab: Lab): { readonly open: () => void; readonly smallBefore: () => number } {
  const opened = Promise.withResolvers<void>();
  let small = 0;
  lab.receiver.answer = async ({ id }) => {
    if (id.startsWith("big")) await opened.promise;
    else small++;
    return undefined;
  };
  return { open: () => opened.resolve(), smallBefore: () => small };
}

async function until(condition: () => boolean): Promise<void> {
  for (let at = 0; at < 500 && !condition(); at++) await systemClock.sleep(10);
  assert.ok(condition(), "in 5 s");
}

Deno.test("small episodes go while huge ones are on their way", async () => {
  await using lab = await Lab.open({ uploads: 2 });
  for (const id of ["big1", "big2", "big3"]) await recordLarge(lab, id);
  for (let at = 0; at < 10; at++) await lab.record(`small${at}`);
  const gate = gateFor(lab);
  const pass = lab.pass();
  await until(() => lab.results.length === 10);
  assert.equal(gate.smallBefore(), 10);
  gate.open();
  assert.equal((await pass).counts.shipped, 13);
  assert.deepEqual(lab.faults(), []);
});

Deno.test("a pass that does not wait for the large lane leaves it running, and the next one leaves it alone", async () => {
  await using lab = await Lab.open({ uploads: 2 });
  for (const id of ["big1", "big2"]) await recordLarge(lab, id);
  const gate = gateFor(lab);
  const { signal } = new AbortController();
  const first = await runPass(lab.shop, signal, { waitForLarge: false });
  assert.equal(first.counts.shipped, 0);
  await lab.record("small");
  const second = await runPass(lab.shop, signal, { waitForLarge: false });
  assert.equal(second.counts.shipped, 1);
  assert.ok(second.counts.waiting >= 1, "the large ones are not forgotten");
  gate.open();
  await lab.shop.large.worker;
  assert.equal(lab.receiver.uploads.length, 3, "each is sent once");
  const third = await runPass(lab.shop, signal, { waitForLarge: false });
  assert.equal(third.counts.shipped, 2, "counted in the summary that follows");
  assert.deepEqual(lab.faults(), []);
});

Deno.test("the oldest leaves first", async () => {
  await using lab = await Lab.open({ uploads: 1 });
  for (const [id, seconds] of [["b", 100], ["c", 50], ["a", 200]] as const) {
    const path = await lab.record(id);
    await Deno.utime(path, seconds, seconds);
    lab.recorded.set(id, contentOf(path));
  }
  const packed: string[] = [];
  lab.beforePack = ({ episodePath }) => void packed.push(episodePath.slice(-1));
  await lab.pass();
  // Two are packed side by side, so neighbours may change places.
  assert.ok(packed.indexOf("c") < packed.indexOf("a"), packed.join(" "));
});

Deno.test("the daemon ships what appears, ends at the signal, and leaves the queue clean", async () => {
  await using lab = await Lab.open();
  const stop = new AbortController();
  const watch = watchDirectory(systemClock, lab.queue.layout.episodes);
  const daemon = runDaemon(
    lab.shop,
    { watch, passed: () => {} },
    { scanIntervalMs: 60_000 },
    stop.signal,
  );
  await lab.record("a");
  await until(() => lab.existing("shipped/a/episode").length === 1);
  await lab.record("b");
  await until(() => lab.existing("shipped/b/episode").length === 1);
  stop.abort();
  await daemon;
  watch.close();
  assert.deepEqual(lab.faults(), []);
});

/** Runs the daemon for `count` ticks of 5 s, none of which is waited for; `tick` is called at each, from 1. */
async function runTicks(
  lab: Lab,
  count: number,
  tick: (nth: number) => void,
  takeHurry = () => false,
): Promise<void> {
  const stop = new AbortController();
  let nth = 0;
  const watch = {
    poke() {},
    close() {},
    wait: (ms: number) => {
      lab.clock.movedMs += ms;
      tick(++nth);
      if (nth === count) stop.abort();
      return Promise.resolve("tick" as const);
    },
  };
  const parts = { watch, passed: () => {}, takeHurry };
  await runDaemon(lab.shop, parts, { scanIntervalMs: 5_000 }, stop.signal);
}

Deno.test("the daemon asks by ping whether the receiver is back, and then goes on", async () => {
  await using lab = await Lab.open();
  await lab.record("a");
  lab.receiver.answer = () => unreachable;
  await runTicks(lab, 20, (nth) => {
    if (nth !== 3) return;
    lab.receiver.answer = () => undefined;
    lab.receiver.isAwake = true;
  });
  assert.deepEqual(lab.existing("shipped/a/episode"), ["shipped/a/episode"]);
  assert.equal(lab.receiver.uploads.length, 2, "one that failed, one that was stored");
  assert.equal(lab.named("receiver-away").length, 1);
});

Deno.test("the daemon says how many are held now and then, and once that there are none any more", async () => {
  await using lab = await Lab.open();
  await lab.record("a");
  await lab.record("b");
  lab.receiver.answer = () => refusal("out-of-window");
  let isHurried = false;
  await runTicks(lab, 80, (nth) => {
    isHurried = nth === 70;
    if (isHurried) lab.receiver.answer = () => undefined;
  }, () => isHurried);
  assert.deepEqual(lab.existing("shipped/a/episode", "shipped/b/episode").length, 2);
  assert.deepEqual(lab.named("held").map((fields) => "count" in fields && fields.count), [2, 2, 0]);
});
