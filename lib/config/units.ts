/** The units of the files' keys (`_s`, `_hours`, `_days`, `_mb`, `_mbit`) in those of the program, rounded. */
const SECOND_MS = 1000;
const HOUR_MS = 3600 * SECOND_MS;
const DAY_MS = 24 * HOUR_MS;
/** `_mb` counts mebibytes: 1024 of them are a gibibyte, as the defaults suggest. */
const MB_BYTES = 1024 * 1024;
/** `_mbit` counts what a link is sold by: 10^6 bits a second. */
const MBIT_BYTES = 1_000_000 / 8;

export const secondsToMs = (seconds: number) => Math.round(seconds * SECOND_MS);
export const hoursToMs = (hours: number) => Math.round(hours * HOUR_MS);
export const daysToMs = (days: number) => Math.round(days * DAY_MS);
export const mbToBytes = (mb: number) => Math.round(mb * MB_BYTES);
export const mbitToBytes = (mbit: number) => Math.round(mbit * MBIT_BYTES);
