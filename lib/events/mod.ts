/** What the program says to the journal: one list of events, and how a line of it is written. */
export * from "./event.ts";
export * from "./list.ts";
export * from "./write.ts";
