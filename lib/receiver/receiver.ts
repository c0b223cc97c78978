/** The receiver as a whole: its app, and what it does between requests. */
import type { Hono } from "hono";
import { FsError } from "../sys/mod.ts";
import { type AppEnv, createApp } from "./app.ts";
import { startAdoption } from "./commit.ts";
import { type Changeable, createParts, type Parts, type ReceiverOptions } from "./parts.ts";

export interface Receiver {
  readonly app: Hono<AppEnv>;
  /** Sweeps, adopts, keeps the window fresh and the catalogue up to date until `signal` is aborted. */
  maintain(signal: AbortSignal): Promise<void>;
  /** Exchanges these from the next request on. */
  change(changed: Changeable): void;
}

const SWEEP_INTERVAL_MS = 3600_000;

export function createReceiver(options: ReceiverOptions): Receiver {
  const parts = createParts(options);
  let change = new AbortController();
  const keepWindow = async (signal: AbortSignal) => {
    while (!signal.aborted) await parts.window.run(AbortSignal.any([signal, change.signal]));
  };
  return {
    app: createApp(parts),
    async maintain(signal) {
      await adoptAll(parts);
      await Promise.all([
        keepWindow(signal),
        sweepRegularly(parts, signal),
        parts.catalogue?.run(signal),
      ]);
      parts.followers.dropAll();
    },
    change(changed) {
      Object.assign(parts, changed);
      parts.inFlight.changeLimits(changed.limits);
      const before = change;
      change = new AbortController();
      before.abort();
    },
  };
}

/** A cut between an archive and its receipt leaves the archive alone; it was never acknowledged. */
async function adoptAll(parts: Parts): Promise<void> {
  for (const { host, id } of await parts.store.unreceipted()) startAdoption(parts, host, id);
}

async function sweepRegularly(parts: Parts, signal: AbortSignal) {
  const { store, clock, log, followers } = parts;
  while (!signal.aborted) {
    try {
      await store.sweep(parts.limits.partialKeepMs);
    } catch (error) {
      if (!(error instanceof FsError)) throw error;
      log("sweep-failed", { why: error.message });
    }
    followers.dropIdle();
    await clock.sleep(SWEEP_INTERVAL_MS, signal);
  }
}
