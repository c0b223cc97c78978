/** What the program says to the journal: one list of events, and how a line of it is written and read. */
export * from "./event.ts";
export * from "./list.ts";
export { parseEvent, type ReadEvent } from "./read.ts";
export * from "./write.ts";
