/**
 * Which build this is. `tools/build.ts` embeds dist/build_info.json; a run from source reads deno.json.
 */

/** Which build of the program runs. */
export interface BuildInfo {
  /** As in deno.json. */
  readonly version: string;
  /**
   * 40 hex digits, with `-dirty` behind them when the tree had changes; `unknown` when there was no git to ask; `source`
   * when the program was not compiled.
   */
  readonly commit: string;
  /** For example `x86_64-unknown-linux-gnu`. */
  readonly target: string;
  /** The Deno inside. */
  readonly deno: string;
}

/** @throws if the program was compiled by other means than tools/build.ts, without its build_info.json */
export function readBuildInfo(): BuildInfo {
  const root = `${import.meta.dirname}/..`;
  const deno = Deno.version.deno;
  if (!Deno.build.standalone) {
    const { version } = parse(`${root}/deno.json`);
    return { version: `${version}`, commit: "source", target: Deno.build.target, deno };
  }
  const { version, commit, target } = parse(`${root}/dist/build_info.json`);
  return { version: `${version}`, commit: `${commit}`, target: `${target}`, deno };
}

function parse(path: string): Record<string, unknown> {
  const value: unknown = JSON.parse(Deno.readTextFileSync(path));
  if (typeof value !== "object" || value === null) throw new TypeError(`${path} is no JSON object`);
  return { ...value };
}
