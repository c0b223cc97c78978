/**
 * How long `cis490 --version` takes, against a program without a line of code that is compiled for the same runtime: what is
 * above that is ours.
 */
import { ensureDenort } from "../../tools/denort.ts";
import { BINARY } from "../../tests/e2e/lab.ts";
import { median } from "../report.ts";

export interface StartUp {
  readonly emptyMs: number;
  readonly versionMs: number;
  /** The median of the ratios of runs that followed each other. */
  readonly ratio: number;
}

/** Both in turns, `times` times. */
export async function measureStartUp(times: number): Promise<StartUp> {
  const directory = await Deno.makeTempDir({ prefix: "cis490-start-up-" });
  try {
    const empty = await compileEmpty(directory);
    const runs: { readonly empty: number; readonly version: number }[] = [];
    for (let run = 0; run < times; run++) {
      runs.push({ empty: await timeOf(empty), version: await timeOf(BINARY, "--version") });
    }
    return {
      emptyMs: median(runs.map(({ empty }) => empty)),
      versionMs: median(runs.map(({ version }) => version)),
      ratio: median(runs.map(({ empty, version }) => version / empty)),
    };
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

async function compileEmpty(directory: string): Promise<string> {
  await Deno.writeTextFile(`${directory}/empty.ts`, "");
  const arch = Deno.build.arch;
  const { success, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["compile", "--quiet", "--no-config", "--output", "empty", "empty.ts"],
    cwd: directory,
    env: { DENORT_BIN: await ensureDenort(arch, console.error) },
  }).output();
  if (!success) throw new Error(`deno compile failed: ${new TextDecoder().decode(stderr)}`);
  return `${directory}/empty`;
}

async function timeOf(command: string, ...args: string[]): Promise<number> {
  const began = performance.now();
  const { success } = await new Deno.Command(command, { args, stdout: "null" }).output();
  if (!success) throw new Error(`${command} failed`);
  return performance.now() - began;
}
