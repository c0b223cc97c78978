/** `GET /v1/window`: which commits the receiver accepts now. */
import * as v from "valibot";
import { findStamp, type Stamp } from "../episode/mod.ts";

const stamp = v.pipe(
  v.string(),
  v.transform(findStamp),
  v.custom<Stamp>((value) => value !== undefined),
);

export const WINDOW_SOURCES = ["forgejo", "git-fallback", "last-known"] as const;

const schema = v.object({
  branch: v.string(),
  source: v.picklist(WINDOW_SOURCES),
  /** RFC 3339: when the source was read. */
  read_at: v.pipe(v.string(), v.isoTimestamp()),
  /** Newest first. */
  commits: v.array(stamp),
});

/** The accepted commits, newest first, and where they are from. */
export type Window = v.InferOutput<typeof schema>;
export type WindowSource = Window["source"];

export function formatWindow(window: Window): string {
  return JSON.stringify(window) + "\n";
}

export function parseWindow(text: string): Window | undefined {
  try {
    const parsed = v.safeParse(schema, JSON.parse(text));
    return parsed.success ? parsed.output : undefined;
  } catch {
    return undefined;
  }
}
