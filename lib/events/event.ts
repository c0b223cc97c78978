/** What an event is: a priority and its words. The lists of events are made of these. */

/** The journal's priorities that are used here. */
export const PRIORITY = { error: 3, warning: 4, notice: 5, info: 6, debug: 7 } as const;
export type Priority = keyof typeof PRIORITY;

/** What a log line can carry. `undefined` fields are left out. */
export type Fields = Readonly<Record<string, string | number | boolean | undefined>>;

export interface EventRow<F extends Fields> {
  readonly priority: Priority;
  /** One sentence for a tired operator, without the key=value pairs that follow it. */
  readonly words: (fields: F) => string;
}

export function event<F extends Fields>(
  priority: Priority,
  words: (fields: F) => string,
): EventRow<F> {
  return { priority, words };
}
