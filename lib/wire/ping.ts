/** `POST /v1/ping`: would an announcement by this host be taken? */
import * as v from "valibot";

const schema = v.object({
  receiver: v.string(),
  /** RFC 3339, the receiver's clock. */
  time: v.pipe(v.string(), v.isoTimestamp()),
  /** The host that certificate and token name. */
  host: v.string(),
  window: v.nullable(v.object({
    source: v.string(),
    size: v.number(),
    newest: v.string(),
    age_s: v.number(),
  })),
});

export type Pong = v.InferOutput<typeof schema>;

export function formatPong(pong: Pong): string {
  return JSON.stringify(pong) + "\n";
}

export function parsePong(text: string): Pong | undefined {
  try {
    const parsed = v.safeParse(schema, JSON.parse(text));
    return parsed.success ? parsed.output : undefined;
  } catch {
    return undefined;
  }
}
