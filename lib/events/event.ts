/** What an event is. The lists of events are made of these. */
import type { FieldName, FieldsOf } from "./fields.ts";

/** The journal's priorities that are used here. */
export const PRIORITY = { error: 3, warning: 4, notice: 5, info: 6, debug: 7 } as const;
export type Priority = keyof typeof PRIORITY;

/** What a log line can carry. `undefined` fields are left out. */
export type Fields = Readonly<Record<string, string | number | boolean | undefined>>;

export interface EventRow<F extends Fields> {
  readonly priority: Priority;
  readonly fields: readonly FieldName[];
  /** One sentence for a tired operator, without the key=value pairs that follow it. */
  readonly words: (fields: F) => string;
  /** When it is said, and what follows from it. Printed into docs/events.md. */
  readonly means: string;
  /** What to do about it; undefined where there is nothing to do. */
  readonly act: string | undefined;
  /**
   * What goes on is said at a falling rate (thin.ts): two events are the same when these fields are. Undefined where each is
   * a fact of its own, such as the outcome of an episode.
   */
  readonly thinBy: readonly FieldName[] | undefined;
  /** Names of events that are over with this one: should they come again, they are news. */
  readonly ends: readonly string[];
}

/** One row of a list. The types of the fields come from their names. */
export function event<K extends FieldName>(row: {
  readonly priority: Priority;
  readonly fields: readonly K[];
  readonly words: (fields: FieldsOf<K>) => string;
  readonly means: string;
  readonly act?: string;
  readonly thinBy?: readonly NoInfer<K>[];
  readonly ends?: readonly string[];
}): EventRow<FieldsOf<K>> {
  return { ...row, act: row.act, thinBy: row.thinBy, ends: row.ends ?? [] };
}
