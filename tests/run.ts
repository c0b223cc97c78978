/**
 * All tests: what `./denow task test` runs.
 *
 *   ./denow task test         Debian packages, checks, build, then every test
 *   ./denow task check        the checks alone
 *
 * The last line is `N passed, N failed`, with `, N skipped` behind it if there were any. Each step (a check, the build)
 * counts as one. The exit code is 0 only if something passed and nothing failed.
 */

import { parseJunit, type Results } from "./run/junit.ts";
import { BUILDS, CHECKS, IN_CI, packages, ROOT, show, type Step, untouched } from "./run/steps.ts";

/** All groups of tests together must end within this, whatever hangs. */
const LIMIT_MS = 30 * 60_000;

/** The groups of tests: each is one `deno test`. Those in tests/ start processes and measure them: one file at a time. */
const GROUPS: readonly { readonly name: string; readonly args: readonly string[] }[] = [
  {
    name: "unit tests and examples",
    args: ["--doc", "--parallel", "lib/", "cmd/", "tools/", "bench/"],
  },
  { name: "tests of the whole", args: ["tests/"] },
];

interface Sum {
  passed: number;
  readonly failed: string[];
  readonly skipped: string[];
}

async function runSteps(steps: readonly Step[], sum: Sum): Promise<void> {
  for (const step of steps) {
    console.log(`\n== ${step.name}`);
    const outcome = await step.run();
    if (outcome.is === "passed") sum.passed++;
    else {
      console.log(`${outcome.is}: ${outcome.why}`);
      sum[outcome.is].push(`${step.name}: ${outcome.why}`);
    }
  }
}

async function runTests(
  name: string,
  args: readonly string[],
  limitMs: number,
  sum: Sum,
): Promise<void> {
  console.log(`\n== ${name}`);
  const report = await Deno.makeTempFile({ suffix: ".xml" });
  try {
    const flags = ["test", "-A", "--frozen", "--quiet", `--junit-path=${report}`];
    const success = await show(Deno.execPath(), [...flags, ...args], limitMs);
    const results: Results = parseJunit(await Deno.readTextFile(report));
    sum.passed += results.passed;
    sum.failed.push(...results.failed);
    sum.skipped.push(...results.skipped);
    // A module that throws while it is loaded, or does not compile, is in no report.
    if (!success && results.failed.length === 0) {
      sum.failed.push(`${name}: a file could not be run; what is wrong stands above`);
    }
  } finally {
    await Deno.remove(report);
  }
}

async function main(args: readonly string[]): Promise<void> {
  const sum: Sum = { passed: 0, failed: [], skipped: [] };
  const started = performance.now();
  if (args.includes("--check")) {
    await runSteps(CHECKS, sum);
  } else {
    await runSteps([packages, ...CHECKS, ...BUILDS], sum);
    for (const { name, args } of GROUPS) {
      await runTests(name, args, LIMIT_MS - (performance.now() - started), sum);
    }
    if (IN_CI) await runSteps([untouched], sum);
  }

  console.log(`\n== summary, after ${((performance.now() - started) / 1000).toFixed(0)} s`);
  for (const name of sum.skipped) console.log(`skipped: ${name}`);
  for (const name of sum.failed) console.log(`failed: ${name}`);
  const skipped = sum.skipped.length > 0 ? `, ${sum.skipped.length} skipped` : "";
  console.log(`${sum.passed} passed, ${sum.failed.length} failed${skipped}`);
  if (sum.failed.length > 0 || sum.passed === 0) Deno.exit(1);
}

Deno.chdir(ROOT);
await main(Deno.args);
