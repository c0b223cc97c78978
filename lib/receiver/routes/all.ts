/** Every route there is. */
import { episodes } from "./episodes.ts";
import { health, ready } from "./health.ts";
import { metrics } from "./metrics.ts";
import { ping } from "./ping.ts";
import { problems } from "./problems.ts";
import type { Route } from "./route.ts";
import { uploads } from "./uploads.ts";
import { window } from "./window.ts";

export const ROUTES: readonly Route[] = [
  episodes,
  uploads,
  ping,
  window,
  health,
  ready,
  metrics,
  problems,
];
