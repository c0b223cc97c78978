/** Max-min fairness: who wants little gets it, and what is left is the same for all who want more. */

/**
 * Shares `available` out among those who want some of it. Nobody gets more than it wants; nobody gets less than another
 * unless that is all it wants.
 */
export function shareOut<Who>(
  available: number,
  wants: ReadonlyMap<Who, number>,
): Map<Who, number> {
  const shares = new Map<Who, number>();
  let left = Math.max(0, available);
  let waiting = wants.size;
  for (const [who, want] of [...wants].sort(([, a], [, b]) => a - b)) {
    const share = Math.min(want, left / waiting);
    shares.set(who, share);
    left -= share;
    waiting--;
  }
  return shares;
}
