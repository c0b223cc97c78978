/**
 * What goes on for hours is said at a falling rate: at once, then after a minute, and after twice as long each time, up to eight
 * minutes. Never longer, so that whoever reads the last ten minutes sees all that is wrong. What was left out is counted in
 * the field `repeated` of the next line, so that no count is lost.
 */
import type { EventRow, Fields } from "./event.ts";
import { type EventFields, type EventName, EVENTS } from "./list.ts";
import type { Log } from "./write.ts";

/** Milliseconds between two lines that say the same. */
export interface Gaps {
  readonly firstMs: number;
  /** Silence for longer than twice this makes the next one news. */
  readonly longestMs: number;
}

export const GAPS: Gaps = { firstMs: 60_000, longestMs: 8 * 60_000 };

/** So many different things are remembered; of the rest, each is said. */
const MOST_REMEMBERED = 256;

export interface ThinLog {
  readonly log: Log;
  /** Says what was left out and not said yet: for the end of the process. Never throws. */
  flush(): void;
}

interface Remembered {
  readonly name: EventName;
  saidMs: number;
  gapMs: number;
  metMs: number;
  /** Left out since it was last said. */
  leftOut: number;
  /** Says the last of those; `repeated` counts the others. */
  sayLast: (repeated: number) => void;
}

/** `log`, but events with `thinBy` come at a falling rate while they are the same. */
export function thinLog(
  clock: { monotonic(): number },
  log: Log,
  gaps: Gaps = GAPS,
): ThinLog {
  // The one that was said longest ago comes first.
  const remembered = new Map<string, Remembered>();

  const forget = (key: string, one: Remembered) => {
    remembered.delete(key);
    if (one.leftOut > 0) one.sayLast(one.leftOut - 1);
  };
  const forgetAll = (isMeant: (one: Remembered) => boolean) => {
    for (const [key, one] of remembered) if (isMeant(one)) forget(key, one);
  };
  const say = <N extends EventName>(name: N, fields: EventFields<N>, repeated: number) =>
    log(name, repeated === 0 ? fields : { ...fields, repeated });

  function thin<N extends EventName>(name: N, fields: EventFields<N>, key: string): void {
    const nowMs = clock.monotonic();
    const before = remembered.get(key);
    const isNews = before === undefined || nowMs - before.metMs > 2 * gaps.longestMs;
    if (!isNews && nowMs - before.saidMs < before.gapMs) {
      before.leftOut++;
      before.metMs = nowMs;
      before.sayLast = (repeated) => say(name, fields, repeated);
      return;
    }
    remembered.delete(key);
    say(name, fields, before?.leftOut ?? 0);
    remembered.set(key, {
      name,
      saidMs: nowMs,
      gapMs: isNews ? gaps.firstMs : Math.min(before.gapMs * 2, gaps.longestMs),
      metMs: nowMs,
      leftOut: 0,
      sayLast: () => {},
    });
    const [oldest] = remembered;
    if (remembered.size > MOST_REMEMBERED && oldest !== undefined) forget(...oldest);
  }

  return {
    log(name, fields) {
      const row: Pick<EventRow<never>, "thinBy" | "ends"> = EVENTS[name];
      if (row.ends.length > 0) forgetAll((one) => row.ends.includes(one.name));
      if (row.thinBy === undefined) return log(name, fields);
      const values: Fields = fields;
      thin(name, fields, JSON.stringify([name, ...row.thinBy.map((field) => values[field])]));
    },
    flush: () => forgetAll(() => true),
  };
}
