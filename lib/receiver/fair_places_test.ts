import assert from "node:assert/strict";
import { setImmediate } from "node:timers";
import { findHostId, type HostId } from "../episode/mod.ts";
import { FairPlaces } from "./fair_places.ts";

function host(name: string): HostId {
  const found = findHostId(name);
  assert.ok(found);
  return found;
}

const [HOG, MEEK, THIRD] = [host("hog"), host("meek"), host("third")];

/** Runs work that ends when the test says so, and records who was served. */
class Bench {
  readonly served: string[] = [];
  readonly #ends: (() => void)[] = [];
  readonly all: Promise<unknown>[] = [];

  constructor(readonly places: FairPlaces) {}

  async start(host: HostId, times = 1): Promise<void> {
    for (let at = 0; at < times; at++) {
      this.all.push(this.places.run(host, () => {
        this.served.push(host);
        return new Promise<void>((resolve) => this.#ends.push(resolve));
      }));
    }
    await new Promise((resolve) => setTimeout(resolve, 0));
  }

  /** Ends the work that was started first. */
  async end(times = 1): Promise<void> {
    for (let at = 0; at < times; at++) {
      this.#ends.shift()?.();
      await new Promise((resolve) => setTimeout(resolve, 0));
    }
  }
}

Deno.test("however many of one host wait, another's one is served next", async () => {
  const bench = new Bench(new FairPlaces({ places: 1, perHost: 1 }));
  await bench.start(HOG, 500);
  await bench.start(MEEK);
  await bench.start(THIRD, 2);
  await bench.end(5);
  assert.deepEqual(bench.served, [HOG, HOG, MEEK, THIRD, HOG, THIRD]);
  assert.equal(bench.places.underWay, 503 - 5);
  await bench.end(498);
  await Promise.all(bench.all);
  assert.equal(bench.places.underWay, 0);
});

Deno.test("a host has no more places than it may, and leaves the others to others", async () => {
  const bench = new Bench(new FairPlaces({ places: 3, perHost: 2 }));
  await bench.start(HOG, 10);
  assert.deepEqual(bench.served, [HOG, HOG]);
  await bench.start(MEEK);
  assert.deepEqual(bench.served, [HOG, HOG, MEEK], "at once");
  await bench.end(3);
  assert.deepEqual(bench.served, [HOG, HOG, MEEK, HOG, HOG]);
  await bench.end(20);
  await Promise.all(bench.all);
});

Deno.test("work that fails gives its place back", async () => {
  const places = new FairPlaces({ places: 1, perHost: 1 });
  await assert.rejects(places.run(HOG, () => Promise.reject(new RangeError("no"))), RangeError);
  assert.equal(await places.run(MEEK, () => Promise.resolve("served")), "served");
});

Deno.test("whoever is aborted while waiting leaves the line, and takes no place", async () => {
  const places = new FairPlaces({ places: 1, perHost: 1 });
  const { promise, resolve } = Promise.withResolvers<void>();
  const first = places.run(HOG, () => promise);
  const controller = new AbortController();
  const second = places.run(HOG, () => Promise.resolve("second"), controller.signal);
  const third = places.run(MEEK, () => Promise.resolve("third"));
  controller.abort(new RangeError("newer"));
  await assert.rejects(second, RangeError);
  resolve();
  await first;
  assert.equal(await third, "third");
  assert.equal(places.underWay, 0);
  assert.equal(await places.run(HOG, () => Promise.resolve("again"), controller.signal), "again");
});

Deno.test("steps take turns by host: eight of one do together what another's single one does", async () => {
  const places = new FairPlaces({ places: Infinity, perHost: 8 });
  const steps = new Map([[HOG, 0], [MEEK, 0]]);
  let isOver = false;
  const work = (host: HostId) =>
    places.run(host, async () => {
      while (!isOver) {
        steps.set(host, (steps.get(host) ?? 0) + 1);
        // What the disk or the network takes.
        await new Promise((resolve) => setImmediate(resolve));
        await places.pause(host);
      }
    });
  const all = [...Array.from({ length: 8 }, () => work(HOG)), work(MEEK)];
  while ((steps.get(MEEK) ?? 0) < 500) await new Promise((resolve) => setTimeout(resolve, 1));
  isOver = true;
  await Promise.all(all);
  const [hog = 0, meek = 0] = [steps.get(HOG), steps.get(MEEK)];
  assert.ok(hog < 2 * meek, `${hog} steps of eight, ${meek} of one`);
  const startedAlone = places.pause(HOG);
  assert.equal(await startedAlone, undefined, "alone it does not wait");
});
