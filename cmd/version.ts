/** `cis490 --version`: which build this is. */
import { readBuildInfo } from "../lib/build_info.ts";
import type { Io } from "./print.ts";

export function run(args: { readonly json: boolean }, io: Io): Promise<number> {
  const info = readBuildInfo();
  if (args.json) io.json(info);
  else {
    io.stdout(
      `cis490 ${info.version} (commit ${info.commit}, ${info.target}, Deno ${info.deno})`,
    );
  }
  return Promise.resolve(0);
}
