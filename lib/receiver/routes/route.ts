/** What a route is: a path and, for each method that it takes, what answers. */
import type { HostId } from "../../episode/mod.ts";
import type { Parts } from "../parts.ts";

/** A request, and its path as it came over the wire: not decoded, since no name of ours needs that. */
export interface Asked {
  readonly request: Request;
  readonly path: string;
  /** The address of who asks; undefined on a unix socket. */
  readonly peer: string | undefined;
  /**
   * Who asks; from then on the request counts among its host's. Throws Refusal `unauthorized`, `wrong-host`, and
   * `too-many-uploads` when the host asks for too much at once.
   */
  identify(): HostId;
}

export type Handler = (parts: Parts, asked: Asked) => Response | Promise<Response>;

export interface Route {
  /** `/*` at its end stands for anything below. */
  readonly path: string;
  /** By method. HEAD is answered like GET, without the body, unless it has a handler of its own. */
  readonly methods: Readonly<Record<string, Handler>>;
}
