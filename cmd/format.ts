/** How sizes, times and counts are written for people, in one place. */

const SIZES = ["B", "KiB", "MiB", "GiB", "TiB"] as const;

/** `0 B`, `999 B`, `1.5 KiB`, `20 GiB`: three digits at most, units of 1024. */
export function formatBytes(bytes: number): string {
  let value = bytes;
  let unit = 0;
  // 999.5 would be rounded to the four digits of 1000.
  while (value >= 999.5 && unit < SIZES.length - 1) {
    value /= 1024;
    unit++;
  }
  const digits = unit === 0 || value >= 9.95 ? 0 : 1;
  return `${value.toFixed(digits)} ${SIZES[unit]}`;
}

const SECOND_MS = 1000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/** `0.3 ms`, `12 ms`, `4.2 s`, `3 min 12 s`, `2 h 5 min`, `9 days 4 h`: two units at most. */
export function formatDuration(ms: number): string {
  if (ms < 1) return `${ms.toFixed(1)} ms`;
  if (ms < 999.5) return `${Math.round(ms)} ms`;
  if (ms < 59_950) return `${(ms / SECOND_MS).toFixed(ms < 9950 ? 1 : 0)} s`;
  const seconds = Math.round(ms / SECOND_MS);
  if (seconds < 3600) return pair(Math.floor(seconds / 60), "min", seconds % 60, "s");
  const minutes = Math.round(ms / MINUTE_MS);
  if (minutes < 24 * 60) return pair(Math.floor(minutes / 60), "h", minutes % 60, "min");
  const hours = Math.round(ms / HOUR_MS);
  const days = Math.floor(hours / 24);
  return pair(days, days === 1 ? "day" : "days", hours % 24, "h");
}

function pair(big: number, bigUnit: string, small: number, smallUnit: string): string {
  return small === 0 ? `${big} ${bigUnit}` : `${big} ${bigUnit} ${small} ${smallUnit}`;
}

const DURATION_UNITS: Readonly<Record<string, number>> = {
  s: SECOND_MS,
  min: MINUTE_MS,
  h: HOUR_MS,
  d: DAY_MS,
};

/** `90s`, `15min`, `24h`, `14d`, `1.5h` in milliseconds; undefined when it is none of these. */
export function findDuration(text: string): number | undefined {
  const match = /^(\d{1,6}(?:\.\d{1,3})?)(s|min|h|d)$/.exec(text);
  const unit = DURATION_UNITS[match?.[2] ?? ""];
  return unit === undefined ? undefined : Math.round(Number(match?.[1]) * unit);
}

/** `1 episode`, `3 episodes` */
export function formatCount(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}
