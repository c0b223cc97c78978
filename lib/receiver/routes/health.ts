/** `GET /healthz`: the process answers. `GET /readyz`: it could store an episode now, or why not. */
import { FsError } from "../../sys/mod.ts";
import { HEALTH_PATH, READY_PATH } from "../../wire/mod.ts";
import { json } from "../answers.ts";
import type { Parts } from "../parts.ts";
import { Refusal } from "../refusal.ts";
import type { Route } from "./route.ts";

export const health: Route = {
  path: HEALTH_PATH,
  methods: { GET: () => new Response("ok\n", { headers: { "cache-control": "no-store" } }) },
};

export const ready: Route = {
  path: READY_PATH,
  methods: {
    GET: async (parts) => {
      const reasons = await findReasons(parts);
      return json({ ready: reasons.length === 0, reasons }, reasons.length === 0 ? 200 : 503);
    },
  },
};

/** The disk is not written more often than this, whoever asks. */
const PROBE_INTERVAL_MS = 5000;

interface Probe {
  readonly atMs: number;
  readonly reason: Promise<string | undefined>;
}

const probes = new WeakMap<Parts, Probe>();

/** Why no episode could be stored now; empty when one could. */
export async function findReasons(parts: Parts): Promise<string[]> {
  const reasons: string[] = [];
  if (parts.window.current() === undefined) reasons.push("window: no source has answered yet");
  const store = await probe(parts);
  if (store !== undefined) reasons.push(`store: ${store}`);
  try {
    parts.inFlight.checkReserve(undefined, 0);
  } catch (error) {
    if (error instanceof Refusal) reasons.push(`disk: ${error.message}`);
    else if (!(error instanceof FsError)) throw error;
  }
  return reasons;
}

function probe(parts: Parts): Promise<string | undefined> {
  const now = parts.clock.monotonic();
  const last = probes.get(parts);
  if (last !== undefined && now - last.atMs < PROBE_INTERVAL_MS) return last.reason;
  const reason = parts.store.probe().then(() => undefined, (error) => {
    if (error instanceof FsError) return error.message;
    throw error;
  });
  probes.set(parts, { atMs: now, reason });
  return reason;
}
