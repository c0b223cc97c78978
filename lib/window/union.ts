/** Two lists of commits as one. */
import type { Stamp } from "../episode/mod.ts";

/**
 * All commits of both, each once, newest first as far as the two lists tell: `trusted` keeps its order, and what `other`
 * alone has stands where it stood between those that both have. Lists without a commit in common can't be compared;
 * `trusted` then comes first.
 */
export function unionOf(trusted: readonly Stamp[], other: readonly Stamp[]): Stamp[] {
  const place = new Map(other.map((stamp, at) => [stamp, at]));
  const union = new Set<Stamp>();
  const own = new Set(trusted);
  let next = 0;
  const addOthersUpTo = (end: number) => {
    for (; next < end; next++) {
      const stamp = other[next];
      if (stamp !== undefined && !own.has(stamp)) union.add(stamp);
    }
  };
  for (const stamp of trusted) {
    addOthersUpTo(place.get(stamp) ?? 0);
    union.add(stamp);
  }
  addOthersUpTo(other.length);
  return [...union];
}
