/** What the running shipper wrote of itself: its status.json, which anybody may read. */
import * as v from "valibot";
import { isFsError, readSmallFile } from "../../sys/mod.ts";

const FILE = "/run/cis490-shipper/status.json";
const LIMIT_BYTES = 1024 * 1024;

const schema = v.object({
  version: v.string(),
  commit: v.string(),
  pid: v.number(),
  time: v.pipe(v.string(), v.isoTimestamp(), v.transform((text) => Date.parse(text))),
  /** Null when the last pass could not be made. */
  episodes: v.nullable(v.record(v.string(), v.number())),
  nothing_sent: v.nullable(v.object({
    code: v.string(),
    detail: v.string(),
    remediation: v.nullable(v.string()),
  })),
});

export type ShipperStatus = v.InferOutput<typeof schema>;

/** Undefined when no shipper runs as a unit, or another version wrote something else. */
export function findShipperStatus(): ShipperStatus | undefined {
  try {
    const parsed = v.safeParse(
      schema,
      JSON.parse(new TextDecoder().decode(readSmallFile(FILE, LIMIT_BYTES))),
    );
    return parsed.success ? parsed.output : undefined;
  } catch (error) {
    if (isFsError(error) || error instanceof SyntaxError) return undefined;
    throw error;
  }
}
