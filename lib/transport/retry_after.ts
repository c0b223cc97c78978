/** Retry-After, RFC 9110 section 10.2.3: seconds or a date. */

/** However long a server asks for, an hour later is soon enough to look again. */
export const RETRY_AFTER_LIMIT_MS = 3_600_000;

/**
 * Milliseconds to wait, from 0 to an hour; undefined without a valid field. A date is measured against the answer's own
 * Date, since the two clocks may differ; against `now` when it has none.
 */
export function parseRetryAfter(headers: Headers, now: number): number | undefined {
  const value = headers.get("retry-after")?.trim();
  if (value === undefined || value === "") return undefined;
  if (/^[0-9]+$/.test(value)) return limited(Number(value) * 1000);
  const until = parseDate(value);
  if (until === undefined) return undefined;
  return limited(until - (parseDate(headers.get("date") ?? "") ?? now));
}

function limited(ms: number): number {
  return Math.min(RETRY_AFTER_LIMIT_MS, Math.max(0, ms));
}

/** An HTTP date (RFC 9110 section 5.6.7) as milliseconds since the epoch. */
function parseDate(value: string): number | undefined {
  if (!/^[A-Z][a-z]{2,8},? /.test(value)) return undefined;
  const ms = Date.parse(value);
  return Number.isNaN(ms) ? undefined : ms;
}
