/**
 * A lab host in a temporary directory: the real queue, the real packer in this process, real files. The receiver is a
 * plain fake: it answers what a test tells it to, and keeps what it "stored" in memory.
 */
import { pack, type PackJob } from "../../lib/archive/mod.ts";
import type { Digest, EpisodeId, HostId, Stamp } from "../../lib/episode/mod.ts";
import { type EventFields, type EventName, thinLog } from "../../lib/events/mod.ts";
import { openQueue, type Queue } from "../../lib/queue/mod.ts";
import {
  createShop,
  type PassSummary,
  type Result,
  runPass,
  type ShipperOptions,
  type Shop,
} from "../../lib/shipper/mod.ts";
import { type Clock, exactFs, fileLocks, type Fs, Libc } from "../../lib/sys/mod.ts";
import type { Answer, Transport, Upload } from "../../lib/transport/mod.ts";
import { type ProblemName, problemOf, problemRow } from "../../lib/wire/mod.ts";
import { check, contentOf } from "../queue/checker.ts";

export const STAMP = "a".repeat(40) as Stamp;
export const OTHER_STAMP = "b".repeat(40) as Stamp;
const HOST = "lab-1" as HostId;
/** Nothing is removed by its age. */
const KEEP_ALL = { quarantineKeepMs: undefined, shippedKeepMs: undefined, intervalMs: 3_600_000 };

export const libc = new Libc();

/** A clock whose walls and monotonic time a test moves by hand; waiting is over at once. */
export class HandClock implements Clock {
  movedMs = 0;
  now = () => Date.now() + this.movedMs;
  monotonic = () => performance.now() + this.movedMs;
  sleep = () => Promise.resolve();
}

/** Answers what it is told; else it stores. */
export class FakeReceiver implements Transport {
  readonly uploads: Upload[] = [];
  readonly store = new Map<string, Digest>();
  /** What it says about an upload; undefined: it stores. */
  answer: (upload: Upload) => Answer | Promise<Answer | undefined> | undefined = () => undefined;
  commits: Stamp[] = [STAMP];
  windowAnswer: Awaited<ReturnType<Transport["window"]>> | undefined;
  windowRequests = 0;

  async upload(upload: Upload, progress: (bytes: number, total: number) => void): Promise<Answer> {
    this.uploads.push(upload);
    const told = await this.answer(upload);
    if (told !== undefined) return told;
    const already = this.store.has(upload.id);
    if (already && this.store.get(upload.id) !== upload.episodeDigest) {
      return refusal("different-episode");
    }
    this.store.set(upload.id, upload.episodeDigest);
    progress(upload.archiveBytes, upload.archiveBytes);
    return {
      kind: "stored",
      already,
      receipt: {
        format: 1,
        host: HOST,
        id: upload.id,
        episode_digest: upload.episodeDigest,
        archive_digest: upload.archiveDigest,
        archive_bytes: upload.archiveBytes,
        tar_bytes: upload.archiveBytes,
        entries: 1,
        code_commit: upload.stamp ?? STAMP,
        stored_at: "2026-01-01T00:00:00Z",
        receiver: "0.0.0",
      },
    };
  }
  window(): ReturnType<Transport["window"]> {
    this.windowRequests++;
    return Promise.resolve(
      this.windowAnswer ?? {
        kind: "window",
        window: {
          branch: "main",
          source: "git-fallback",
          read_at: "2026-01-01T00:00:00Z",
          commits: this.commits,
        },
      },
    );
  }
  /** Whether it answers a ping. */
  isAwake = false;
  /** Its clock. */
  now: () => number = () => Date.parse("2026-01-01T00:00:00Z");

  ping() {
    if (!this.isAwake) return Promise.resolve(unreachable);
    const time = new Date(this.now()).toISOString();
    const pong = { receiver: "0.0.0", time, host: HOST, window: null };
    return Promise.resolve({ kind: "pong" as const, pong });
  }
  /** Ids of which it was asked whether it has them. */
  readonly asked: string[] = [];

  stored(id: EpisodeId): ReturnType<Transport["stored"]> {
    this.asked.push(id);
    const episodeDigest = this.store.get(id);
    if (!this.isAwake) return Promise.resolve(unreachable);
    return Promise.resolve(
      episodeDigest === undefined ? { kind: "missing" } : { kind: "present", episodeDigest },
    );
  }
  close() {}
}

export function refusal(name: ProblemName, retryAfterMs?: number): Answer {
  return { kind: "refused", name, problem: problemOf(name), retryAfterMs };
}

export const unreachable = {
  kind: "unreachable",
  layer: "tcp",
  why: "connection refused",
} as const satisfies Answer;

export function statusOf(name: ProblemName): number {
  return problemRow(name).status;
}

export interface LoggedEvent {
  readonly name: EventName;
  readonly fields: EventFields<EventName>;
}

export interface LabOptions extends Partial<ShipperOptions> {
  readonly settleMs?: number;
  /** Wraps the file system of the queue, to have it fail. */
  readonly wrap?: (fs: Fs) => Fs;
}

export class Lab {
  readonly clock = new HandClock();
  readonly receiver = new FakeReceiver();
  readonly events: LoggedEvent[] = [];
  readonly results: Result[] = [];
  packs = 0;
  /** Called before each packing, to interfere. */
  beforePack: (job: PackJob) => void = () => {};
  shop!: Shop;
  /** What must not be lost: content by name. */
  readonly recorded = new Map<string, string>();

  private constructor(readonly dir: string, readonly options: LabOptions) {}

  static async open(options: LabOptions = {}): Promise<Lab> {
    const lab = new Lab(await Deno.makeTempDir({ prefix: "cis490-lab-" }), options);
    await lab.restart();
    return lab;
  }

  get queue(): Queue {
    return this.shop.queue;
  }

  /** As after the end of the process: only the disk is left. */
  async restart(): Promise<void> {
    this.shop?.queue.close();
    const fs = exactFs(libc);
    const queue = await openQueue({
      fs: this.options.wrap?.(fs) ?? fs,
      clock: this.clock,
      locks: fileLocks(libc),
      log: thinLog(this.clock, (name, fields) => void this.events.push({ name, fields })).log,
    }, { dataDir: this.dir, settleMs: this.options.settleMs ?? 0, pid: Deno.pid });
    this.shop = createShop({
      queue,
      packer: {
        pack: (job, hooks) => {
          this.packs++;
          this.beforePack(job);
          return pack(this.options.wrap?.(fs) ?? fs, job, hooks);
        },
      },
      transport: this.receiver,
      random: () => 0.5,
      observer: { result: (result) => void this.results.push(result) },
    }, {
      uploads: 2,
      outboxAhead: 4,
      minFreeBytes: 0,
      compressionLevel: 3,
      retention: KEEP_ALL,
      ...this.options,
    });
  }

  /** An episode as an orchestrator leaves it, or writes to it again; true names of files and their bytes in `files`. */
  async record(
    id: string,
    files: Readonly<Record<string, string>> = {},
    stamp: string | undefined = STAMP,
  ): Promise<string> {
    const target = `${this.dir}/episodes/${id}`;
    const isThere = this.existing(`episodes/${id}`).length > 0;
    const path = isThere ? target : `${this.dir}/recording-${id}`;
    await Deno.mkdir(path, { recursive: true });
    const meta = stamp === undefined ? {} : { code_version: { commit: stamp } };
    await Deno.writeTextFile(`${path}/meta.json`, JSON.stringify({ id, ...meta }));
    for (
      const [name, text] of Object.entries({ "telemetry.jsonl": `{"of":"${id}"}\n`, ...files })
    ) {
      await Deno.writeTextFile(`${path}/${name}`, text);
    }
    if (!isThere) await Deno.rename(path, target);
    this.recorded.set(id, contentOf(target));
    return target;
  }

  pass(): Promise<PassSummary> {
    return runPass(this.shop, new AbortController().signal);
  }

  /** What an independent look says is wrong. */
  faults(): readonly string[] {
    return check(this.dir, this.recorded).faults;
  }

  /** The paths below the data directory that exist of `paths`. */
  existing(...paths: string[]): string[] {
    return paths.filter((path) => {
      try {
        Deno.lstatSync(`${this.dir}/${path}`);
        return true;
      } catch {
        return false;
      }
    });
  }

  readJson(path: string): Record<string, unknown> {
    return JSON.parse(Deno.readTextFileSync(`${this.dir}/${path}`));
  }

  named(name: EventName): EventFields<EventName>[] {
    return this.events.filter((event) => event.name === name).map(({ fields }) => fields);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.shop.queue.close();
    await Deno.remove(this.dir, { recursive: true });
  }
}

export function idOf(text: string): EpisodeId {
  return text as EpisodeId;
}
