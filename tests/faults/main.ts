/**
 * The whole sweep: `./denow task sweep [kill|errors|receiver|receiver-errors] [--count=N] [--seed=N]`. The first two are about
 * the shipper. Reports how many points were really hit, and keeps the data of those after which something was wrong.
 */
import { Lab } from "../e2e/lab.ts";
import { Site } from "./receiver_run.ts";
import { findReceiverPoints, tryReceiverPoint } from "./receiver_sweep.ts";
import { ERRORS, findPoints, type Point, sample, type Tried, tryAll, tryPoint } from "./sweep.ts";

interface Sweep {
  find(injections: readonly string[]): Promise<Point[]>;
  tryOne(run: number, point: Point): Promise<Tried>;
  /** Ends what runs, and keeps the data. */
  stop(): Promise<void>;
  dispose(): Promise<void>;
}

async function ofShipper(): Promise<Sweep> {
  const lab = await Lab.start();
  return {
    find: (injections) => findPoints(lab, injections),
    tryOne: (run, point) => tryPoint(lab, run, point),
    stop: () => lab.stopReceiver(),
    dispose: () => lab[Symbol.asyncDispose](),
  };
}

async function ofReceiver(): Promise<Sweep> {
  const site = await Site.make();
  return {
    find: (injections) => findReceiverPoints(site, injections),
    tryOne: (run, point) => tryReceiverPoint(site, run, point),
    stop: () => Promise.resolve(),
    dispose: () => site[Symbol.asyncDispose](),
  };
}

const kind = Deno.args.find((arg) => !arg.startsWith("--")) ?? "kill";
const option = (name: string) => {
  const value = Deno.args.find((arg) => arg.startsWith(`--${name}=`))?.slice(name.length + 3);
  return value === undefined ? undefined : Number(value);
};
const isErrors = kind.endsWith("errors");
const injections = isErrors ? ERRORS.map((errno) => `error=${errno}`) : ["signal=KILL"];

const sweep = await (kind.startsWith("receiver") ? ofReceiver() : ofShipper());
const all = await sweep.find(injections);
const seed = option("seed") ?? Math.floor(Math.random() * 2 ** 31);
const points = sample(all, option("count") ?? all.length, seed);
console.log(`${points.length} of ${all.length} points, seed ${seed}`);
const started = performance.now();
const { tried, hit, failures } = await tryAll(points, sweep.tryOne, {
  workers: 2,
  progress: (done) => {
    if (done % 100 === 0) console.log(`${done} of ${points.length}`);
  },
});
for (const failure of failures) console.log(failure);
const seconds = Math.round((performance.now() - started) / 1000);
console.log(`${tried} points tried, ${hit} hit, ${failures.length} with faults, ${seconds} s`);
await (failures.length === 0 ? sweep.dispose() : sweep.stop());
Deno.exit(failures.length === 0 ? 0 : 1);
