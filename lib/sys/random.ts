/** A source of randomness: a number from 0 (included) to 1 (excluded). For jitter, never for secrets. */
export type Random = () => number;

export const systemRandom: Random = () => Math.random();
