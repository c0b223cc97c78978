/**
 * Prints the list of events into docs/events.md.
 *
 *   deno run -A tools/docs/events.ts
 */
import {
  EVENT_LISTS,
  type EventRow,
  type FieldName,
  FIELDS,
  PRIORITY,
} from "../../lib/events/mod.ts";
import { replacePart } from "./marked.ts";

/** The events by subject. */
export function renderEvents(): string {
  return EVENT_LISTS.map(({ title, events }) =>
    [`### ${title}`, ...Object.entries(events).map(([name, row]) => renderEvent(name, row))]
      .join("\n\n")
  ).join("\n\n");
}

function renderEvent(name: string, row: Omit<EventRow<never>, "words">): string {
  const { priority, fields, means, act, thinBy, ends } = row;
  const parts = [`**\`${name}\`** (${PRIORITY[priority]}, ${priority}). ${means}`];
  if (act !== undefined) parts.push(`_What to do:_ ${act.replace(/(?<![.?])$/, ".")}`);
  if (thinBy !== undefined) parts.push(`Said at a falling rate${same(thinBy)}.`);
  if (ends.length > 0) parts.push(`Ends ${names(ends)}.`);
  if (fields.length > 0) parts.push(`Fields: ${names(fields)}.`);
  return parts.join(" ");
}

function same(thinBy: readonly FieldName[]): string {
  return thinBy.length === 0 ? "" : ` for the same ${names(thinBy, " and ")}`;
}

function names(list: readonly string[], separator = ", "): string {
  return list.map((name) => `\`${name}\``).join(separator);
}

/** What each field means. */
export function renderFields(): string {
  const rows = Object.entries(FIELDS).map(([name, { kind, isOptional, means }]) =>
    `| \`${name}\` | ${kind}${isOptional ? ", if there is one" : ""} | ${means} |`
  );
  return ["| field | value | meaning |", "| --- | --- | --- |", ...rows].join("\n");
}

if (import.meta.main) {
  const path = new URL("../../docs/events.md", import.meta.url);
  let document = await Deno.readTextFile(path);
  document = replacePart(document, "events", renderEvents());
  document = replacePart(document, "fields", renderFields());
  await Deno.writeTextFile(path, document);
}
