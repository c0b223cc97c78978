/** What a pass costs that finds many for which there is nothing to do: counts, for times are the machine's. */
import assert from "node:assert/strict";
import { outboxPlaces, runPass } from "../../lib/shipper/mod.ts";
import type { Fs } from "../../lib/sys/mod.ts";
import { Lab, OTHER_STAMP, STAMP, unreachable } from "./lab.ts";

const EPISODES = 200;

interface Counts {
  /** Looks at the files of an episode. */
  looks: number;
  /** Files made, in any place: records, archives. */
  made: number;
}

function counting(counts: Counts): (fs: Fs) => Fs {
  return (fs) => ({
    ...fs,
    list: (path) => {
      if (/\/episodes\/./.test(path)) counts.looks++;
      return fs.list(path);
    },
    create: (path, mode) => {
      counts.made++;
      return fs.create(path, mode);
    },
  });
}

async function openWith(stamp: string): Promise<{ lab: Lab; counts: Counts }> {
  const counts = { looks: 0, made: 0 };
  const lab = await Lab.open({ wrap: counting(counts) });
  for (let at = 0; at < EPISODES; at++) await lab.record(`e-${at}`, {}, stamp);
  return { lab, counts };
}

Deno.test("a pass over held episodes asks for the window once, and looks at no file of theirs", async () => {
  const { lab, counts } = await openWith(OTHER_STAMP);
  await using _lab = lab;
  assert.equal((await lab.pass()).counts.held, EPISODES);
  assert.equal(lab.receiver.windowRequests, 1);
  Object.assign(counts, { looks: 0, made: 0 });
  // Their commits may be in the window by now.
  lab.clock.movedMs += 6 * 60_000;
  assert.equal((await lab.pass()).counts.held, EPISODES);
  assert.equal(lab.receiver.windowRequests, 2);
  assert.deepEqual(counts, { looks: 0, made: 0 });
  assert.equal(lab.receiver.uploads.length, 0);
});

Deno.test("a daemon's pass while the receiver is away looks once at each that waits, and asks for none", async () => {
  const { lab, counts } = await openWith(STAMP);
  await using _lab = lab;
  lab.receiver.answer = () => unreachable;
  const daemons = { until: () => lab.shop.lanes.ended() };
  const { signal } = new AbortController();
  const first = await runPass(lab.shop, signal, daemons);
  assert.equal(first.counts.waiting, EPISODES);
  assert.ok(first.stopped !== undefined);
  const uploads = lab.receiver.uploads.length;
  const places = outboxPlaces(lab.shop.options);
  assert.equal(lab.packs, places);
  Object.assign(counts, { looks: 0, made: 0 });
  assert.equal((await runPass(lab.shop, signal, daemons)).counts.waiting, EPISODES);
  assert.ok(counts.looks <= EPISODES + places, `${counts.looks} looks`);
  assert.equal(counts.made, 0);
  assert.equal(lab.receiver.uploads.length, uploads);
  assert.equal(lab.receiver.windowRequests, 1);
  // A place gets free for the next one when it is back.
  lab.receiver.answer = () => undefined;
  lab.shop.breaker.probed();
  lab.clock.movedMs += 3_600_000;
  assert.equal((await runPass(lab.shop, signal, daemons)).counts.shipped, EPISODES);
  assert.deepEqual(lab.faults(), []);
});
