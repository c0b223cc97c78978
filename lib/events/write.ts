/** One line an event: priority, words, then key=value pairs. */
import { type EventRow, type Fields, PRIORITY } from "./event.ts";
import { type EventFields, type EventName, EVENTS } from "./list.ts";

/** The list again, typed so that a name and its fields stay together. */
const ROWS: { readonly [N in EventName]: EventRow<EventFields<N>> } = EVENTS;

/** Logs one event. Never throws: a full journal harms no episode. */
export type Log = <N extends EventName>(name: N, fields: EventFields<N>) => void;

/**
 * The line for an event, without a newline. `priority` puts the journal's `<N>` in front.
 * @example `<6>episode a stored event=stored id=a bytes=12`
 */
export function formatEvent<N extends EventName>(
  name: N,
  fields: EventFields<N>,
  options: { readonly priority: boolean },
): string {
  const row = ROWS[name];
  const pairs = Object.entries<Fields[string]>(fields)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => `${key}=${formatValue(value)}`);
  const prefix = options.priority ? `<${PRIORITY[row.priority]}>` : "";
  return prefix + [oneLine(row.words(fields)), `event=${name}`, ...pairs].join(" ");
}

/** A value bare when it can stand bare, else as a JSON string, so that a line is always one line. */
function formatValue(value: Fields[string]): string {
  const text = String(value);
  return /^[^\s"=\\\p{Cc}]+$/u.test(text) ? text : JSON.stringify(text);
}

function oneLine(words: string): string {
  return words.replaceAll(/\p{Cc}+/gu, " ");
}

/** A log that writes each line by `writeLine`; what that throws is swallowed. */
export function createLog(
  writeLine: (line: string) => void,
  options: { readonly priority: boolean },
): Log {
  return (name, fields) => {
    try {
      writeLine(formatEvent(name, fields, options));
    } catch {
      // A closed or full stderr must not stop a pass.
    }
  };
}
