/**
 * What of shipping is evidence of work: every episode in hand is a task of its own, so that a busy one can't hide one that
 * stands still; so is the way from one pass to the next.
 */
import type { Observer } from "../lib/shipper/mod.ts";
import type { Evidence, Task } from "../lib/sys/mod.ts";

export interface ShipEvidence {
  readonly observer: Observer;
  /** A pass begins. */
  passing(): void;
  /** It has ended, well or badly: an error that came in time is evidence too. */
  passed(): void;
  /** Nothing is in hand any more. */
  end(): void;
}

export function createShipEvidence(evidence: Evidence): ShipEvidence {
  const tasks = new Map<string, Task>();
  let step: Task | undefined;
  const next = (name: string | undefined) => {
    step?.end();
    step = name === undefined ? undefined : evidence.begin(name);
  };
  const moved = (id: string) => {
    let task = tasks.get(id);
    if (task === undefined) tasks.set(id, task = evidence.begin(id));
    task.progress();
  };
  const rest = (id: string) => {
    tasks.get(id)?.end();
    tasks.delete(id);
  };
  return {
    observer: {
      // Another episode of that id may be in hand: it is known by its place.
      pruning: moved,
      pruned: rest,
      // From here on each episode speaks for itself.
      listed: () => next(undefined),
      working: moved,
      packing: moved,
      sending: moved,
      resting: rest,
      result: () => evidence.beat(),
    },
    passing: () => next("sweeping and listing the queue"),
    passed() {
      next("waiting for the next pass");
      evidence.beat();
    },
    end() {
      next(undefined);
      for (const id of [...tasks.keys()]) rest(id);
    },
  };
}
