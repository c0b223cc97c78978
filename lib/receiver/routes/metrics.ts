/**
 * `GET /metrics`: for Prometheus on this machine. They tell of all hosts, and whoever comes through the proxy is one host
 * alone, with malware on it perhaps: such a request finds nothing here.
 */
import { isFsError } from "../../sys/mod.ts";
import { HEADER, METRICS_PATH } from "../../wire/mod.ts";
import type { Readings } from "../meter.ts";
import type { Parts } from "../parts.ts";
import { Refusal } from "../refusal.ts";
import { findReasons } from "./health.ts";
import type { Asked, Route } from "./route.ts";

export const metrics: Route = {
  path: METRICS_PATH,
  methods: {
    GET: async (parts, asked) => {
      checkIsLocal(asked);
      const { text, contentType } = await parts.meter.render(await read(parts));
      return new Response(text, {
        headers: { "content-type": contentType, "cache-control": "no-store" },
      });
    },
  },
};

/** What a proxy adds to each request that it passes on: ours the first, any the others (RFC 7239). */
const PROXY_FIELDS = [HEADER.clientName, "x-forwarded-for", "forwarded"];
const LOOPBACK = /^(?:127\.|::1$|::ffff:127\.)/;

/** Throws Refusal `not-found` unless this machine itself asks. */
export function checkIsLocal({ request, peer }: Pick<Asked, "request" | "peer">): void {
  const isProxied = PROXY_FIELDS.some((field) => request.headers.has(field));
  if (!isProxied && (peer === undefined || LOOPBACK.test(peer))) return;
  throw new Refusal(
    "not-found",
    "metrics are read on the receiver's own machine, and not through the proxy",
  );
}

async function read(parts: Parts): Promise<Readings> {
  const { window: keeper, inFlight, limits, version } = parts;
  const window = keeper.current();
  return {
    version,
    isReady: (await findReasons(parts)).length === 0,
    window: window && {
      source: window.source,
      branch: window.branch,
      commits: window.commits.length,
      ageS: keeper.ageS(window),
    },
    freeBytes: await unlessBroken(() => parts.store.space().freeBytes),
    reserveBytes: limits.minFreeBytes,
    uploadsUnderWay: inFlight.count,
    totals: parts.catalogue?.findTotals(),
    partials: await unlessBroken(async () => {
      const partials = await parts.store.partials();
      return {
        count: partials.length,
        bytes: partials.reduce((sum, { offsetBytes }) => sum + offsetBytes, 0),
      };
    }),
  };
}

/** The other figures are wanted most when the disk is broken. */
async function unlessBroken<T>(look: () => T | Promise<T>): Promise<T | undefined> {
  try {
    return await look();
  } catch (error) {
    if (isFsError(error)) return undefined;
    throw error;
  }
}
