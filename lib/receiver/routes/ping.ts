/** `POST /v1/ping`: whether an announcement would be taken, without one. */
import { formatPong, PING_PATH } from "../../wire/mod.ts";
import { windowUnknown } from "../admission.ts";
import type { Route } from "./route.ts";

export const ping: Route = {
  path: PING_PATH,
  methods: {
    POST: (parts, { identify }) => {
      const host = identify();
      const window = parts.window.current();
      if (window === undefined) throw windowUnknown();
      parts.inFlight.checkReserve(host, 0);
      const pong = formatPong({
        receiver: parts.version,
        time: new Date(parts.clock.now()).toISOString(),
        host,
        window: {
          source: window.source,
          size: window.commits.length,
          newest: window.commits[0] ?? "",
          age_s: parts.window.ageS(window),
        },
      });
      return new Response(pong, {
        headers: { "content-type": "application/json", "cache-control": "no-store" },
      });
    },
  },
};
