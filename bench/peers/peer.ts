/** One way to move episodes, measured against the others. */
import type { Leaf } from "../../tests/tls/pki.ts";
import type { Command } from "../measure.ts";
import type { Server } from "../server.ts";

/** Where a run takes place. Everything is on one file system. */
export interface Place {
  /** `episodes/` lies in it. */
  readonly dataDir: string;
  /** Empty at first, and removed after the run. */
  readonly workDir: string;
  /** A repository with the commit of the episodes. */
  readonly codeDir: string;
  readonly stamp: string;
  readonly ca: string;
  readonly server: Leaf;
  readonly client: Leaf;
}

/** A receiver that listens, and what sends all episodes to it. */
export interface Ready {
  readonly sender: Command;
  /** Without one, the proxy is the receiver, or nothing is received. */
  readonly receiver?: Server;
  readonly proxy?: Server;
  /** Where the archives, `<id>.tar.zst`, are afterwards. */
  readonly arrived: string;
  /** So far; undefined where nobody counts. */
  readonly countRequests?: () => Promise<number>;
}

export interface Peer {
  readonly name: string;
  readonly title: string;
  /** Commands and files that it needs; Debian has all of them. */
  readonly needs: readonly string[];
  /** What takes long, once, before anything is measured. */
  readonly prepare?: () => Promise<void>;
  /** Starts what receives; `stack` ends it. */
  readonly open: (place: Place, stack: AsyncDisposableStack) => Promise<Ready>;
}

/** A file of lines, one for each request, that is made with the first. */
export function linesOf(path: string): () => Promise<number> {
  return async () => {
    try {
      return (await Deno.readTextFile(path)).split("\n").length - 1;
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return 0;
      throw error;
    }
  };
}
