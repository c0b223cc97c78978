/**
 * Prints the commands into docs/cli.md and the keys of the configuration into docs/configuration.md.
 *
 *   deno run -A tools/docs/cli.ts
 */
import { COMMANDS } from "../../cmd/commands.ts";
import { type Command, flagUsage, usage } from "../../cmd/command.ts";
import { exitCodes } from "../../cmd/help.ts";
import { type ConfigRole, describeKeys, type KeyRow } from "../../lib/config/mod.ts";
import { replacePart } from "./marked.ts";

/** One section a command. */
export function renderCommands(commands: readonly Command[]): string {
  return commands.map(renderCommand).join("\n\n");
}

function renderCommand(command: Command): string {
  const flags = Object.entries(command.flags)
    .map(([name, flag]) => `- \`${flagUsage(name, flag)}\`: ${flag.about}`);
  const words = Object.values(command.positionals)
    .map(({ value, about }) => `- \`${value}\`: ${about}`);
  const examples = command.examples.map(({ command, about }) => `# ${about}\n$ ${command}`);
  return [
    `## cis490 ${command.path.join(" ")}`,
    `${sentence(command.summary)}.`,
    "```text\n" + usage(command) + "\n```",
    ...command.description,
    [...words, ...flags].join("\n"),
    "```console no-run\n" + examples.join("\n") + "\n```",
    `Exit codes: ${
      exitCodes(command).map(([code, about]) => `${code?.trim()} ${about}`).join("; ")
    }.`,
  ].filter((part) => part !== "").join("\n\n");
}

/** The keys of one file, one list a table. */
export function renderKeys(role: ConfigRole): string {
  const tables = Map.groupBy(describeKeys(role), ({ table }) => table);
  return [...tables].map(([table, rows]) => {
    const title = table === "" ? "At the top of the file:" : `In \`[${table}]\`:`;
    return `${title}\n\n${rows.map(renderKey).join("\n")}`;
  }).join("\n\n");
}

function renderKey(row: KeyRow): string {
  const given = row.required
    ? "required"
    : row.default === undefined
    ? "no default"
    : `default \`${row.default}\``;
  return `- \`${row.name}\` (${given}): ${row.about}. Expected: ${row.expected}.`;
}

function sentence(words: string): string {
  return words.charAt(0).toUpperCase() + words.slice(1);
}

if (import.meta.main) {
  const change = async (file: string, parts: Readonly<Record<string, string>>) => {
    const path = new URL(`../../docs/${file}`, import.meta.url);
    let document = await Deno.readTextFile(path);
    for (const [name, part] of Object.entries(parts)) {
      document = replacePart(document, name, part);
    }
    await Deno.writeTextFile(path, document);
  };
  await change("cli.md", { commands: renderCommands(COMMANDS) });
  await change("configuration.md", {
    "lab-host": renderKeys("lab-host"),
    "receiver": renderKeys("receiver"),
  });
}
