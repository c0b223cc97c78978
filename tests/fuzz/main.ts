/**
 * `./denow task fuzz [--count=20000] [--seed=N] [--first=0]`: with the same numbers the same requests. The last figures
 * stand in docs/receiver.md.
 */
import assert from "node:assert/strict";
import { mib } from "../load/crowd.ts";
import { FLAT_BYTES, fuzz } from "./run.ts";

function option(name: string, otherwise: number): number {
  const value = Deno.args.find((arg) => arg.startsWith(`--${name}=`))?.slice(name.length + 3);
  return value === undefined ? otherwise : Number(value);
}

const seed = option("seed", Math.floor(Math.random() * 2 ** 31));
console.log(`seed ${seed}`);
const { requests, seconds, answers, stored, rssBytes } = await fuzz(
  seed,
  option("first", 0),
  option("count", 20_000),
);
console.log(`${requests} requests in ${Math.round(seconds)} s, ${stored} episodes stored`);
for (const [status, count] of [...answers].sort(([a], [b]) => a - b)) {
  console.log(`  ${status === 0 ? "closed without an answer" : status}: ${count}`);
}
console.log(`RSS after each tenth: ${rssBytes.map(mib).join(", ")}`);
const grownBytes = (rssBytes.at(-1) ?? 0) - (rssBytes[Math.floor(rssBytes.length / 2)] ?? 0);
assert.ok(grownBytes < FLAT_BYTES, `it grew by ${mib(grownBytes)} of ${mib(FLAT_BYTES)}`);
