/** What shipping needs, and what it remembers from one episode, and one pass, to the next. */
import type { Packer } from "../archive/mod.ts";
import type { EpisodeId } from "../episode/mod.ts";
import type { Queue } from "../queue/mod.ts";
import type { Random } from "../sys/mod.ts";
import type { Transport } from "../transport/mod.ts";
import { Breaker } from "./breaker.ts";
import { ClockCheck } from "./clock_check.ts";
import { Lanes } from "./lanes.ts";
import { LevelChoice } from "./level.ts";
import { Memory } from "./memory.ts";
import { type Looks, newLooks, type RetentionOptions } from "./prune.ts";
import { type Result, Tally } from "./result.ts";
import { Room } from "./room.ts";
import { Slots } from "./slots.ts";

/** Told what goes on. None of these may throw. */
export interface Observer {
  /** An old episode on a shelf is looked at: `shipped/<name>`. Evidence of life. */
  pruning?(place: string): void;
  /** It is removed, or stays. */
  pruned?(place: string): void;
  /** The queue was swept; the pass begins with so many episodes. */
  listed?(count: number): void;
  /** An episode is done with in this pass. */
  result?(result: Result): void;
  /** A step on the disk begins: it ends soon, or something hangs. Evidence of life. */
  working?(id: EpisodeId): void;
  /** Packing begins, or a piece of it is done: `bytes` of `totalBytes` of its files. Evidence of life. */
  packing?(id: EpisodeId, bytes: number, totalBytes: number): void;
  /** Sending begins, or the receiver acknowledged a piece. Evidence of life. */
  sending?(id: EpisodeId, bytes: number, totalBytes: number): void;
  /** It waits for its turn, or is done with: that nothing moves is by right. */
  resting?(id: EpisodeId): void;
}

export interface ShipperParts {
  readonly queue: Queue;
  readonly packer: Pick<Packer, "pack">;
  readonly transport: Transport;
  readonly random: Random;
  readonly observer: Observer;
}

export interface ShipperOptions {
  /** Uploads side by side; of short ones, twice as many. */
  readonly uploads: number;
  /** Archives packed ahead of them. */
  readonly outboxAhead: number;
  /** Free space that packing leaves, in bytes. */
  readonly minFreeBytes: number;
  /** Of zstd, 1 to 19; or as the link and the processor suggest. */
  readonly compressionLevel: number | "auto";
  readonly retention: RetentionOptions;
}

/**
 * An archive of at most so many bytes goes in one request, or as good as one: its upload waits for two disks and an answer
 * more than for the link.
 */
const SHORT_UPLOAD_BYTES = 1024 * 1024;
/** Such uploads side by side, for each of the others. Three and more brought nothing (docs/performance.md). */
const SHORT_UPLOADS = 2;
/** Workers more than slots: one archive is being packed, and another's way ends, while the others are sent. */
const PACKING_AHEAD = 2;

/** Slots for uploads side by side, long and short ones. */
interface UploadSlots {
  readonly long: Slots;
  readonly short: Slots;
}

/** The parts with the state that lives as long as the process. */
export interface Shop extends ShipperParts {
  readonly options: ShipperOptions;
  readonly breaker: Breaker;
  readonly room: Room;
  readonly memory: Memory;
  readonly clockCheck: ClockCheck;
  /** For what is old. */
  readonly looks: Looks;
  readonly slots: UploadSlots;
  /** Episodes for which there is something to do, and who does it. */
  readonly lanes: Lanes;
  readonly level: LevelChoice;
  /** Whether the first pass has done what is done once. */
  readonly started: { isRepaired: boolean };
  /** What was to be moved by a process that was killed: to be looked at now, whenever its next try may be. */
  readonly begun: Set<EpisodeId>;
  /** What was last said of a pass, and when, monotonic. */
  readonly lastPass: { words: string; saidMs: number };
  /** What has ended since the last summary. */
  readonly tally: Tally;
}

/** One for an upload of so many bytes. */
export function slotsFor({ slots }: Pick<Shop, "slots">, archiveBytes: number): Slots {
  return archiveBytes <= SHORT_UPLOAD_BYTES ? slots.short : slots.long;
}

/** Archives that may lie in the outbox: those being sent, and those packed ahead. */
export function outboxPlaces({ uploads, outboxAhead }: ShipperOptions): number {
  return SHORT_UPLOADS * uploads + outboxAhead;
}

export function createShop(parts: ShipperParts, options: ShipperOptions): Shop {
  const { queue, random } = parts;
  const shortUploads = SHORT_UPLOADS * options.uploads;
  const places = outboxPlaces(options);
  return {
    ...parts,
    options,
    breaker: new Breaker(queue.clock, random, queue.log),
    room: new Room(queue.fs, {
      places,
      minFreeBytes: options.minFreeBytes,
    }),
    memory: new Memory(queue),
    clockCheck: new ClockCheck(queue.clock, parts.transport, queue.log),
    looks: newLooks(),
    slots: { long: new Slots(options.uploads), short: new Slots(shortUploads) },
    // Who works on an episode may need a place for its archive.
    lanes: new Lanes({ small: Math.min(shortUploads + PACKING_AHEAD, places), large: 1 }),
    level: new LevelChoice(options.compressionLevel, options.uploads),
    started: { isRepaired: false },
    begun: new Set(),
    lastPass: { words: "", saidMs: -Infinity },
    tally: new Tally(),
  };
}
