/** `cis490 help COMMAND`. */
import { COMMANDS } from "./commands.ts";
import { renderHelp } from "./help.ts";
import { nextWords, unknownCommand } from "./parse.ts";
import type { Io } from "./print.ts";

export function run(args: { readonly path: readonly string[] }, io: Io): Promise<number> {
  args.path.forEach((word, i) => {
    const before = args.path.slice(0, i);
    const known = nextWords(before, COMMANDS);
    if (!known.includes(word)) throw unknownCommand(before, word, known);
  });
  for (const line of renderHelp(args.path, COMMANDS, io.columns)) io.stdout(line);
  return Promise.resolve(0);
}
