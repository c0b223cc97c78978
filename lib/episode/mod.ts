/**
 * An episode: the finished directory of one experiment run. Its name, its stamp, what lies in it, and the
 * digest that is its identity. Nothing here changes a file.
 */
export * from "./digest.ts";
export * from "./id.ts";
export * from "./link.ts";
export * from "./meta.ts";
export * from "./order.ts";
export * from "./tree.ts";
