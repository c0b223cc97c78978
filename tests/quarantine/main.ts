/** More of the concurrent runs: `./denow task sweep:quarantine [--count=N] [--seed=N]`. Keeps the data of a run with faults. */
import { Lab } from "../e2e/lab.ts";
import { runMany } from "./concurrency.ts";

const option = (name: string, otherwise: number) => {
  const given = Deno.args.find((arg) => arg.startsWith(`--${name}=`));
  return given === undefined ? otherwise : Number(given.slice(name.length + 3));
};
const seed = option("seed", Math.floor(Math.random() * 2 ** 31));
const count = option("count", 200);
const lab = await Lab.start();
const sum = { runs: 0, ended: 0, killed: 0, moved: 0, faulty: 0 };
const startMs = performance.now();
await runMany(lab, { count, seed, workers: 2 }, (result, at) => {
  sum.ended += result.ended;
  sum.killed += result.killed;
  sum.moved += result.moved;
  if (++sum.runs % 50 === 0) console.log(`${sum.runs} of ${count}`);
  if (result.faults.length === 0) return;
  sum.faulty++;
  console.log(`run ${at} (seed ${seed + at}), ${lab.root}/runs/${at}:`);
  for (const fault of result.faults) console.log(`  ${fault}`);
});
const seconds = Math.round((performance.now() - startMs) / 1000);
console.log(
  `${count} runs from seed ${seed} in ${seconds} s: ${sum.ended} commands ended, ` +
    `${sum.killed} processes killed, ${sum.moved} moves, ${sum.faulty} runs with faults`,
);
if (sum.faulty === 0) await lab[Symbol.asyncDispose]();
else await lab.stopReceiver();
Deno.exit(sum.faulty === 0 ? 0 : 1);
