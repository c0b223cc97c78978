/** `cis490 ship --daemon`: under systemd, which is told what goes on and fed with evidence of work. */
import { readBuildInfo } from "../lib/build_info.ts";
import { ConfigError, type LabHostConfig, loadLabHostConfig } from "../lib/config/mod.ts";
import { type PassSummary, runDaemon } from "../lib/shipper/mod.ts";
import { exactFs, Libc, systemClock, watchDirectory, watchedFs } from "../lib/sys/mod.ts";
import type { Io } from "./print.ts";
import { intervalWithin, openService, type Service, untilStopped, warnIfShort } from "./service.ts";
import { createShipEvidence, type ShipEvidence } from "./ship_evidence.ts";
import { openShop, type RealShop } from "./ship_parts.ts";
import { statusJson, statusWords, statusWriter } from "./ship_status.ts";

/** Exit code 0 after SIGTERM or SIGINT. Throws ConfigError, QueueError, FsError. */
export async function run(file: string, io: Io): Promise<number> {
  const service = openService(io);
  const { log, notifier } = service;
  const evidence = createShipEvidence(service.evidence);
  let config = await loadLabHostConfig(file);
  /** The shop while passes are made in it, and no other one is wished for. */
  let running: RealShop | undefined;
  const open = (config: LabHostConfig) =>
    openShop(
      config,
      io,
      log,
      evidence.observer,
      // An archive stays open while its upload waits for the receiver.
      (fs) => watchedFs(fs, service.evidence, { readings: false }),
    );

  // Before the lock tells anybody which process to signal: unheard, SIGUSR1 and SIGHUP end a process.
  const wishes = new Wishes();
  const stop = new AbortController();
  untilStopped((signal) => {
    if (stop.signal.aborted) return;
    log("stopping", { signal });
    notifier.stopping();
    stop.abort();
    wishes.interrupt();
  });
  Deno.addSignalListener("SIGUSR1", () => wishes.hurry());
  Deno.addSignalListener("SIGHUP", async () => {
    notifier.reloading();
    const next = await tryLoad(file, service);
    if (next === undefined) return notifier.ready();
    if (running === undefined || !isLive(config, next)) {
      running = undefined;
      return wishes.change(next);
    }
    config = next;
    running.setRateLimit(next.transport.rateLimitBytesPerSecond);
    // Whoever reloads may have mended what keeps the receiver away.
    running.shop.breaker.hurry();
    wishes.wake();
    log("reloaded", { file });
    notifier.ready();
  });
  let shop = await open(config);

  log("shipper-started", { version: readBuildInfo().version, data_dir: config.dataDir });
  warnIfShort(service, LONGEST_REQUEST_MS, "a request over a slow link");
  notifier.ready();
  const passed = createStatus(service, io);
  try {
    for (;;) {
      running = wishes.isChanging ? undefined : shop;
      await runUntilInterrupted(config, { shop, service, evidence, wishes, passed }, stop.signal);
      shop.close();
      const next = wishes.takeConfig();
      if (stop.signal.aborted || next === undefined) return 0;
      ({ config, shop } = await reopen(config, next, file));
      notifier.ready();
    }
  } finally {
    shop.close();
    service.close();
  }

  /** Opens the queue as the new configuration says; where that can't be, as the old one did. */
  async function reopen(
    old: LabHostConfig,
    next: LabHostConfig,
    file: string,
  ): Promise<{ config: LabHostConfig; shop: RealShop }> {
    try {
      const shop = await open(next);
      log("reloaded", { file });
      return { config: next, shop };
    } catch (error) {
      log("reload-refused", { file, why: error instanceof Error ? error.message : String(error) });
      return { config: old, shop: await open(old) };
    }
  }
}

/** Of one piece of an upload (docs/systemd.md). */
const LONGEST_REQUEST_MS = 100_000;

/** What signals want of the daemon. */
class Wishes {
  #hurry = false;
  #config: LabHostConfig | undefined;
  #interruption = new AbortController();
  /** Ends the wait between two passes. */
  wake: () => void = () => {};

  hurry(): void {
    this.#hurry = true;
    this.wake();
  }
  change(config: LabHostConfig): void {
    this.#config = config;
    this.interrupt();
  }
  interrupt(): void {
    this.#interruption.abort();
  }
  takeHurry = (): boolean => {
    const hurry = this.#hurry;
    this.#hurry = false;
    return hurry;
  };
  get isChanging(): boolean {
    return this.#config !== undefined;
  }
  takeConfig(): LabHostConfig | undefined {
    const config = this.#config;
    this.#config = undefined;
    return config;
  }
  /** Aborted by the next wish to change or to stop; after that, a new one is given out. */
  interruption(): AbortSignal {
    if (this.#interruption.signal.aborted && this.#config === undefined) {
      this.#interruption = new AbortController();
    }
    return this.#interruption.signal;
  }
}

interface Parts {
  readonly shop: RealShop;
  readonly service: Service;
  readonly evidence: ShipEvidence;
  readonly wishes: Wishes;
  readonly passed: (summary: PassSummary | undefined) => void;
}

/** Ships with one configuration. */
async function runUntilInterrupted(
  config: LabHostConfig,
  { shop: { shop }, service, evidence, wishes, passed }: Parts,
  stop: AbortSignal,
): Promise<void> {
  const watch = watchDirectory(systemClock, shop.queue.layout.episodes);
  wishes.wake = () => watch.poke();
  const parts = {
    watch,
    passing: evidence.passing,
    passed: (summary: PassSummary | undefined) => {
      evidence.passed();
      passed(summary);
    },
    takeHurry: wishes.takeHurry,
  };
  const { scanIntervalMs: wantedMs } = config.queue;
  const scanIntervalMs = intervalWithin(service, wantedMs, "scan_interval_s");
  try {
    const signal = AbortSignal.any([stop, wishes.interruption()]);
    await runDaemon(shop, parts, { scanIntervalMs }, signal);
  } finally {
    evidence.end();
    watch.close();
  }
}

/** Whether `next` counts without what is in hand being given up: it asks for another rate limit at most. */
function isLive(config: LabHostConfig, next: LabHostConfig): boolean {
  const rest = ({ transport, ...others }: LabHostConfig) =>
    JSON.stringify({ ...others, transport: { ...transport, rateLimitBytesPerSecond: undefined } });
  return rest(config) === rest(next);
}

/** Undefined, and logged, when the file can't be used. */
async function tryLoad(file: string, { log }: Service): Promise<LabHostConfig | undefined> {
  try {
    return await loadLabHostConfig(file);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    log("reload-refused", { file, why: error.message });
    return undefined;
  }
}

/** Tells systemd, and status.json, what each pass left. */
function createStatus(
  { notifier, evidence }: Service,
  io: Io,
): (summary: PassSummary | undefined) => void {
  const { version, commit } = readBuildInfo();
  const me = { version, commit, pid: Deno.pid, startedMs: systemClock.now() };
  // systemd gives several directories in one variable, ours first (systemd.exec(5)).
  const directory = io.environment("RUNTIME_DIRECTORY")?.split(":")[0];
  const write = statusWriter(exactFs(new Libc()), directory);
  let reachable = false;
  return (summary) => {
    const nowMs = systemClock.now();
    if (summary !== undefined) {
      const { shipped, held, quarantined, "already-stored": already } = summary.counts;
      reachable = summary.stopped === undefined &&
        (reachable || shipped + already + held + quarantined > 0);
    }
    const words = summary === undefined
      ? "the queue can't be read; its journal says why"
      : statusWords(summary, reachable, nowMs);
    notifier.status(words);
    write(statusJson(me, summary, { words, nowMs, stuck: evidence.stuck() }));
  };
}
