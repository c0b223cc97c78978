/**
 * The whole sweep: `./denow task sweep [kill|errors] [--count=N] [--seed=N]`. Reports how many points were really hit, and
 * keeps the data of those after which something was wrong.
 */
import { Lab } from "../e2e/lab.ts";
import { ERRORS, findPoints, sample, sweep } from "./sweep.ts";

const kind = Deno.args.find((arg) => !arg.startsWith("--")) ?? "kill";
const option = (name: string) => {
  const value = Deno.args.find((arg) => arg.startsWith(`--${name}=`))?.slice(name.length + 3);
  return value === undefined ? undefined : Number(value);
};
const injections = kind === "kill" ? ["signal=KILL"] : ERRORS.map((errno) => `error=${errno}`);

const lab = await Lab.start();
const all = await findPoints(lab, injections);
const seed = option("seed") ?? Math.floor(Math.random() * 2 ** 31);
const points = sample(all, option("count") ?? all.length, seed);
console.log(`${points.length} of ${all.length} points, seed ${seed}`);
const started = performance.now();
const { tried, hit, failures } = await sweep(lab, points, {
  workers: 2,
  progress: (done) => {
    if (done % 100 === 0) console.log(`${done} of ${points.length}`);
  },
});
for (const failure of failures) console.log(failure);
const seconds = Math.round((performance.now() - started) / 1000);
console.log(`${tried} points tried, ${hit} hit, ${failures.length} with faults, ${seconds} s`);
if (failures.length === 0) await lab[Symbol.asyncDispose]();
else await lab.stopReceiver();
Deno.exit(failures.length === 0 ? 0 : 1);
