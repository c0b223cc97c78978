/** What the program says to the journal: one list of events, how a line of it is written and read, and what is said less often. */
export * from "./event.ts";
export { type FieldName, FIELDS } from "./fields.ts";
export * from "./list.ts";
export { parseEvent, type ReadEvent } from "./read.ts";
export * from "./thin.ts";
export * from "./write.ts";
