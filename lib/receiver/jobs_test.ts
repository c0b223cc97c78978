import assert from "node:assert/strict";
import { findHostId, type HostId } from "../episode/mod.ts";
import { systemClock } from "../sys/mod.ts";
import { FairPlaces } from "./fair_places.ts";
import { Jobs } from "./jobs.ts";
import { Refusal } from "./refusal.ts";

const isVerifying = (error: unknown) => error instanceof Refusal && error.problem === "verifying";

function host(name: string): HostId {
  const found = findHostId(name);
  assert.ok(found);
  return found;
}

const HOST = host("lab-1");

function jobsOf(waitMs: number): Jobs<string> {
  return new Jobs(systemClock, new FairPlaces({ places: 2, perHost: 2 }), waitMs);
}

Deno.test("a request that waited long enough is told so, and the next one gets the end", async () => {
  const jobs = jobsOf(20);
  const { promise, resolve } = Promise.withResolvers<string>();
  jobs.start("a", HOST, () => promise);
  await assert.rejects(jobs.attach("a"), isVerifying);
  jobs.start("a", HOST, () => Promise.reject(new Error("started twice")));
  resolve("receipt");
  assert.equal(await jobs.attach("a"), "receipt");
  assert.equal(jobs.has("a"), false);
});

Deno.test("an end that nobody waited for is kept until somebody asks, and told once", async () => {
  const jobs = jobsOf(1000);
  jobs.start("a", HOST, () => Promise.reject(new RangeError("bad")));
  await new Promise((resolve) => setTimeout(resolve, 5));
  assert.equal(jobs.has("a"), true);
  await assert.rejects(jobs.attach("a"), RangeError);
  jobs.start("a", HOST, () => Promise.resolve("fresh"));
  assert.equal(await jobs.attach("a"), "fresh");
});

Deno.test("all who wait get the end", async () => {
  const jobs = jobsOf(1000);
  const { promise, resolve } = Promise.withResolvers<string>();
  jobs.start("a", HOST, () => promise);
  const waiting = [jobs.attach("a"), jobs.attach("a")];
  resolve("receipt");
  assert.deepEqual(await Promise.all(waiting), ["receipt", "receipt"]);
});

Deno.test("no more run at once than there are places, and all run", async () => {
  const jobs = jobsOf(1000);
  let running = 0;
  let most = 0;
  const work = async () => {
    most = Math.max(most, ++running);
    await new Promise((resolve) => setTimeout(resolve, 5));
    running--;
    return "done";
  };
  const keys = ["a", "b", "c", "d", "e"];
  for (const key of keys) jobs.start(key, HOST, work);
  const ends = await Promise.all(keys.map((key) => jobs.attach(key)));
  assert.deepEqual(ends, keys.map(() => "done"));
  assert.equal(most, 2);
});

Deno.test("work that has a place already waits for none, and takes none", async () => {
  const jobs = jobsOf(20);
  const { promise, resolve } = Promise.withResolvers<string>();
  for (const key of ["a", "b", "c"]) jobs.start(key, HOST, () => promise);
  jobs.start("d", HOST, () => Promise.resolve("placed"), { hasPlace: true });
  assert.equal(await jobs.attach("d"), "placed");
  jobs.start("e", HOST, () => Promise.resolve("without"));
  await assert.rejects(jobs.attach("e"), isVerifying);
  resolve("done");
  assert.equal(await jobs.attach("e"), "without");
});
