/**
 * Runs sessions by hand.
 *
 *   ./denow task sessions                         all of them
 *   ./denow task sessions tests/cli/ship.md       these
 *   ./denow task sessions --update [FILE…]        rewrites their output to what happened, keeping placeholders
 */

import { findSessionFiles, PROGRAMS, ROOT } from "./files.ts";
import { runSession } from "./run.ts";

const update = Deno.args.includes("--update");
const named = Deno.args.filter((arg) => !arg.startsWith("--"));
let differing = 0;
for (const path of named.length > 0 ? named : await findSessionFiles()) {
  const file = path.startsWith("/") ? path : `${ROOT}/${path}`;
  const text = await Deno.readTextFile(file);
  const report = await runSession(text, { programs: PROGRAMS, repository: ROOT });
  for (const difference of report.differences) console.log(`${path}, ${difference}`);
  if (report.differences.length === 0) console.log(`${path}: as written`);
  else if (update) {
    await Deno.writeTextFile(file, report.updated);
    console.log(`${path}: rewritten`);
  } else differing++;
}
if (differing > 0) Deno.exit(1);
