import assert from "node:assert/strict";
import { systemClock } from "../sys/mod.ts";
import { Jobs } from "./jobs.ts";
import { Refusal } from "./refusal.ts";

const isVerifying = (error: unknown) => error instanceof Refusal && error.problem === "verifying";

function jobsOf(waitMs: number, places = 2): Jobs<string> {
  return new Jobs(systemClock, { places, waitMs });
}

Deno.test("a request that waited long enough is told so, and the next one gets the end", async () => {
  const jobs = jobsOf(20);
  const { promise, resolve } = Promise.withResolvers<string>();
  jobs.start("a", () => promise);
  await assert.rejects(jobs.attach("a"), isVerifying);
  jobs.start("a", () => Promise.reject(new Error("started twice")));
  resolve("receipt");
  assert.equal(await jobs.attach("a"), "receipt");
  assert.equal(jobs.has("a"), false);
});

Deno.test("an end that nobody waited for is kept until somebody asks, and told once", async () => {
  const jobs = jobsOf(1000);
  jobs.start("a", () => Promise.reject(new RangeError("bad")));
  await new Promise((resolve) => setTimeout(resolve, 5));
  assert.equal(jobs.has("a"), true);
  await assert.rejects(jobs.attach("a"), RangeError);
  jobs.start("a", () => Promise.resolve("fresh"));
  assert.equal(await jobs.attach("a"), "fresh");
});

Deno.test("all who wait get the end", async () => {
  const jobs = jobsOf(1000);
  const { promise, resolve } = Promise.withResolvers<string>();
  jobs.start("a", () => promise);
  const waiting = [jobs.attach("a"), jobs.attach("a")];
  resolve("receipt");
  assert.deepEqual(await Promise.all(waiting), ["receipt", "receipt"]);
});

Deno.test("no more run at once than there are places, and all run", async () => {
  const jobs = jobsOf(1000, 2);
  let running = 0;
  let most = 0;
  const work = async () => {
    most = Math.max(most, ++running);
    await new Promise((resolve) => setTimeout(resolve, 5));
    running--;
    return "done";
  };
  const keys = ["a", "b", "c", "d", "e"];
  for (const key of keys) jobs.start(key, work);
  const ends = await Promise.all(keys.map((key) => jobs.attach(key)));
  assert.deepEqual(ends, keys.map(() => "done"));
  assert.equal(most, 2);
  assert.equal(jobs.underWay, 0);
});
