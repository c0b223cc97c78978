/**
 * What the receiver counts about itself, for Prometheus (https://prometheus.io/docs/practices/naming/). Counters are
 * counted as things happen; gauges are read when somebody asks. docs/alerts.yml has rules that rest on these names.
 */
import type { HostId } from "../episode/mod.ts";
import type { HostTotals } from "./catalogue/catalogue.ts";

/** A step whose time on the disk is told: an archive's bytes, a piece's, the commit with its receipt. */
export type SyncStep = "archive" | "piece" | "commit";

/** What is read at the moment of asking. */
export interface Readings {
  readonly version: string;
  readonly isReady: boolean;
  readonly window: {
    readonly source: string;
    readonly branch: string;
    readonly commits: number;
    readonly ageS: number;
  } | undefined;
  /** Undefined when the disk does not tell. */
  readonly freeBytes: number | undefined;
  readonly reserveBytes: number;
  readonly uploadsUnderWay: number;
  /** Of the store; undefined while its catalogue is not up to date. */
  readonly totals: readonly HostTotals[] | undefined;
  readonly partials: { readonly count: number; readonly bytes: number } | undefined;
}

export interface Meter {
  /** `route` is a route's pattern, never a path that a client chose: each value is a series of its own. */
  answered(route: string, outcome: string): void;
  /** Bytes of archives came in, stored or not. */
  received(bytes: number): void;
  stored(host: HostId, bytes: number, nowMs: number): void;
  verified(ms: number): void;
  synced(step: SyncStep, ms: number): void;
  /** Everything, in the text format of Prometheus. */
  render(readings: Readings): Promise<{ readonly text: string; readonly contentType: string }>;
}

/** From a millisecond, a fast disk, to two minutes, the longest that the watchdog bears. */
const SYNC_BUCKETS_S = [0.001, 0.005, 0.02, 0.1, 0.5, 2, 10, 30, 120];
const VERIFY_BUCKETS_S = [0.005, 0.02, 0.1, 0.5, 2, 10, 60, 300, 1800];

/** The library is loaded here and not before: no other command needs it. */
export async function openMeter(): Promise<Meter> {
  const { Counter, Gauge, Histogram, Registry } = (await import("prom-client")).default;
  const registry = new Registry();
  const registers = [registry];
  const gauge = (name: string, help: string, labelNames: readonly string[] = []) =>
    new Gauge({ name, help, labelNames, registers });

  const requests = new Counter({
    name: "cis490_requests_total",
    help:
      "Requests answered, by route and by what became of them: the problem's name, or a success.",
    labelNames: ["route", "outcome"],
    registers,
  });
  const receivedBytes = new Counter({
    name: "cis490_received_bytes_total",
    help: "Bytes of archives that came in, stored or not.",
    registers,
  });
  const episodes = new Counter({
    name: "cis490_episodes_stored_total",
    help: "Episodes stored since the start, by host.",
    labelNames: ["host"],
    registers,
  });
  const storedBytes = new Counter({
    name: "cis490_stored_bytes_total",
    help: "Bytes of archives stored since the start, by host.",
    labelNames: ["host"],
    registers,
  });
  const lastEpisode = gauge(
    "cis490_last_episode_timestamp_seconds",
    "When a host's newest episode was stored.",
    ["host"],
  );
  const newestMs = new Map<HostId, number>();
  const noteNewest = (host: HostId, ms: number) => {
    if (ms <= (newestMs.get(host) ?? 0)) return;
    newestMs.set(host, ms);
    lastEpisode.set({ host }, ms / 1000);
  };
  const storeEpisodes = gauge("cis490_store_episodes", "Episodes in the store, by host.", ["host"]);
  const storeBytes = gauge("cis490_store_archive_bytes", "Bytes of their archives.", ["host"]);
  const verifySeconds = new Histogram({
    name: "cis490_verify_seconds",
    help: "Time spent verifying an archive, without waiting for its bytes.",
    buckets: VERIFY_BUCKETS_S,
    registers,
  });
  const syncSeconds = new Histogram({
    name: "cis490_sync_seconds",
    help:
      "Time until bytes were on the disk: an archive's, a piece's, or a commit's with its receipt.",
    labelNames: ["step"],
    buckets: SYNC_BUCKETS_S,
    registers,
  });
  const build = gauge("cis490_build_info", "Always 1; the version that runs.", ["version"]);
  const ready = gauge(
    "cis490_ready",
    "1 when an episode could be stored now; /readyz says why not.",
  );
  const windowInfo = gauge("cis490_window_info", "Always 1; where the window was read.", [
    "source",
    "branch",
  ]);
  const windowCommits = gauge("cis490_window_commits", "Commits that are accepted now.");
  const windowAge = gauge("cis490_window_age_seconds", "Time since the window was read.");
  const freeBytes = gauge("cis490_store_free_bytes", "Free space on the store's disk.");
  const reserveBytes = gauge("cis490_store_reserve_bytes", "Free space that no upload may use up.");
  const underWay = gauge("cis490_uploads_under_way", "Uploads that have a place now.");
  const partials = gauge("cis490_partials", "Unfinished uploads on the disk.");
  const partialBytes = gauge("cis490_partial_bytes", "Their bytes.");

  return {
    answered: (route, outcome) => requests.inc({ route, outcome }),
    received: (bytes) => receivedBytes.inc(bytes),
    stored(host, bytes, nowMs) {
      episodes.inc({ host });
      storedBytes.inc({ host }, bytes);
      noteNewest(host, nowMs);
    },
    verified: (ms) => verifySeconds.observe(ms / 1000),
    synced: (step, ms) => syncSeconds.observe({ step }, ms / 1000),
    async render(now) {
      // What is not known is left out: a series that ends is seen, a number that is made up is not.
      const set = (gauge: InstanceType<typeof Gauge>, value: number | undefined) =>
        value === undefined ? gauge.remove() : gauge.set(value);
      build.set({ version: now.version }, 1);
      ready.set(now.isReady ? 1 : 0);
      storeEpisodes.reset();
      storeBytes.reset();
      for (const { host, episodes, bytes, lastStoredMs } of now.totals ?? []) {
        storeEpisodes.set({ host }, episodes);
        storeBytes.set({ host }, bytes);
        noteNewest(host, lastStoredMs);
      }
      windowInfo.reset();
      if (now.window !== undefined) {
        windowInfo.set({ source: now.window.source, branch: now.window.branch }, 1);
      }
      set(windowCommits, now.window?.commits);
      set(windowAge, now.window?.ageS);
      set(freeBytes, now.freeBytes);
      reserveBytes.set(now.reserveBytes);
      underWay.set(now.uploadsUnderWay);
      set(partials, now.partials?.count);
      set(partialBytes, now.partials?.bytes);
      return { text: await registry.metrics(), contentType: registry.contentType };
    },
  };
}
