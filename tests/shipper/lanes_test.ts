/** Small and large episodes side by side, in one pass and in those that follow. */
import assert from "node:assert/strict";
import { runPass } from "../../lib/shipper/mod.ts";
import { systemClock } from "../../lib/sys/mod.ts";
import { contentOf } from "../queue/checker.ts";
import { Lab, refusal } from "./lab.ts";

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

/** As a daemon's pass that nothing wakes: it waits for the small lane alone. */
const small = { until: untilAborted };

function untilAborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener("abort", () => resolve()));
}

Deno.test("a pass that does not wait for the large lane leaves it running, and the next one leaves it alone", async () => {
  await using lab = await Lab.open({ uploads: 2 });
  for (const id of ["big1", "big2"]) await recordLarge(lab, id);
  const gate = gateFor(lab);
  const { signal } = new AbortController();
  const first = await runPass(lab.shop, signal, small);
  assert.equal(first.counts.shipped, 0);
  await lab.record("small");
  const second = await runPass(lab.shop, signal, small);
  assert.equal(second.counts.shipped, 1);
  assert.equal(second.counts.waiting, 2, "the large ones are not forgotten");
  gate.open();
  await lab.shop.lanes.ended();
  assert.equal(lab.receiver.uploads.length, 3, "each is sent once");
  const third = await runPass(lab.shop, signal, small);
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

Deno.test("what is held counts as held until its next try has ended", async () => {
  await using lab = await Lab.open();
  await lab.record("a");
  lab.receiver.answer = () => refusal("out-of-window");
  assert.equal((await lab.pass()).counts.held, 1);
  const answered = Promise.withResolvers<undefined>();
  lab.receiver.answer = () => answered.promise;
  lab.clock.movedMs += 20 * 60_000;
  const { signal } = new AbortController();
  const during = await runPass(lab.shop, signal, { until: () => Promise.resolve() });
  assert.deepEqual([during.counts.held, during.counts.waiting], [1, 0]);
  answered.resolve(undefined);
  assert.equal((await lab.pass()).counts.shipped, 1);
});

Deno.test("what is answered between two passes is counted once by the next", async () => {
  await using lab = await Lab.open();
  const answered = Promise.withResolvers<ReturnType<typeof refusal>>();
  lab.receiver.answer = () => answered.promise;
  await lab.record("a");
  const { signal } = new AbortController();
  const soon = { until: () => Promise.resolve() };
  assert.equal((await runPass(lab.shop, signal, soon)).counts.waiting, 1);
  answered.resolve(refusal("out-of-window"));
  await lab.shop.lanes.ended();
  const { counts, codes } = await runPass(lab.shop, signal, soon);
  assert.deepEqual([counts.held, counts.waiting, codes], [1, 0, { "out-of-window": 1 }]);
});
