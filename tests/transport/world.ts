/**
 * The real receiver without a network: requests go to its app, and what a network, a proxy and a power cut do to them is
 * drawn by the test.
 */
import type { EpisodeId, HostId, Stamp } from "../../lib/episode/mod.ts";
import { createLog } from "../../lib/events/mod.ts";
import {
  createApp,
  createParts,
  FIXED_LIMITS,
  openMeter,
  openPosixStore,
  type Store,
} from "../../lib/receiver/mod.ts";
import { plainFs, systemClock } from "../../lib/sys/mod.ts";
import type { Send, Sent } from "../../lib/transport/http.ts";
import { createWindow, type WindowKeeper } from "../../lib/window/mod.ts";

/** What becomes of one request. */
export const FATES = [
  "arrives",
  /** It never gets there. */
  "lost",
  /** Half of its body gets there. */
  "cut",
  /** It gets there, its answer does not come back. */
  "reply-lost",
  /** It gets there twice, and the second answer comes back. */
  "twice",
  /** The client gives up on it, and it gets there after the next one. */
  "late",
  /** The receiver is restarted before it. */
  "after-restart",
  /** The receiver is restarted after it, before its answer is out. */
  "before-restart",
  /** The window moves on before it, or back. */
  "window-moves",
] as const;
export type Fate = typeof FATES[number];

const KIB = 1024;
const GONE: Sent = { kind: "unreachable", layer: "tcp", why: "as the test wants it" };
const log = createLog(() => {}, { priority: false });
const OTHER = "f".repeat(40);

type Request_ = Parameters<Send>[0];

export class World implements AsyncDisposable {
  /** Of the requests to come; those beyond its end arrive. */
  fates: Fate[] = [];
  /** Told of each piece that a client sends, by its offset. */
  onPiece: (offset: number) => void = () => {};
  isAccepted = true;
  /** How the bytes of partials were read: from where, and how many. */
  readonly readings: { readonly fromBytes: number; bytes: number }[] = [];
  #app: ReturnType<typeof createApp> | undefined;
  #late: Request_ | undefined;

  private constructor(readonly root: string, private readonly who: Who) {}

  static async create(who: Who): Promise<World> {
    const world = new World(await Deno.makeTempDir({ prefix: "cis490-world-" }), who);
    await world.#restart();
    return world;
  }

  openStore() {
    return openPosixStore({ fs: plainFs(), clock: systemClock, log }, `${this.root}/store`);
  }

  readonly send: Send = async (request) => {
    const fate = this.fates.shift() ?? "arrives";
    if (request.method === "PATCH") this.onPiece(Number(request.headers?.["upload-offset"]));
    const sent = await this.#meet(fate, request);
    const late = this.#late;
    if (fate !== "late" && late !== undefined) {
      this.#late = undefined;
      await this.#deliver(late);
    }
    return sent;
  };

  async #meet(fate: Fate, request: Request_): Promise<Sent> {
    switch (fate) {
      case "arrives":
        return await this.#deliver(request);
      case "lost":
        return GONE;
      case "cut":
        await this.#deliver(request, (request.body?.byteLength ?? 0) / 2);
        return GONE;
      case "reply-lost":
        await this.#deliver(request);
        return GONE;
      case "twice": {
        const both = await Promise.all([this.#deliver(request), this.#deliver(request)]);
        return both[1];
      }
      case "late":
        // Its body is the client's buffer, which is the next piece's by then.
        this.#late = request.body === undefined
          ? request
          : { ...request, body: request.body.slice() };
        return GONE;
      case "after-restart":
        await this.#restart();
        return await this.#deliver(request);
      case "before-restart":
        await this.#deliver(request);
        await this.#restart();
        return GONE;
      case "window-moves":
        this.isAccepted = !this.isAccepted;
        await this.#restart();
        return await this.#deliver(request);
    }
    return fate satisfies never;
  }

  /** `cutAt`: so much of the body gets there before the connection breaks. */
  async #deliver({ method, path, headers, body }: Request_, cutAt?: number): Promise<Sent> {
    const fields = new Headers({ ...headers, authorization: "Bearer secret" });
    fields.set("content-length", `${body?.byteLength ?? 0}`);
    const init = body === undefined ? {} : { body: streamOf(body, cutAt) };
    const request = new Request(`http://pi${path}`, { method, headers: fields, ...init });
    const response = await this.#app?.fetch(request);
    if (response === undefined) throw new Error("there is no receiver");
    const { status, headers: answered } = response;
    return { kind: "answer", status, headers: answered, body: await response.text() };
  }

  async #restart(): Promise<void> {
    const parts = createParts({
      store: this.#watched(await this.openStore()),
      clock: systemClock,
      log,
      window: await this.#window(),
      identity: {
        proxy: { kind: "token-alone" },
        tokens: { findHost: () => this.who.host },
      },
      limits: {
        ...FIXED_LIMITS,
        maxArchiveBytes: 1024 * KIB,
        maxUnpackedBytes: 1024 * KIB,
        minFreeBytes: 0,
        maxPartialsBytes: 2 ** 30,
        maxPieceBytes: 64 * KIB,
        partialKeepMs: 3_600_000,
      },
      meter: await openMeter(),
      version: "0",
    });
    this.#app = createApp(parts);
  }

  #watched(store: Store): Store {
    const openPartial = store.openPartial.bind(store);
    store.openPartial = (key, fromBytes) => {
      const reading = openPartial(key, fromBytes);
      const noted = { fromBytes, bytes: 0 };
      this.readings.push(noted);
      return {
        read: (into) => {
          const count = reading.read(into);
          noted.bytes += count;
          return count;
        },
        close: () => reading.close(),
      };
    };
    return store;
  }

  async #window(): Promise<WindowKeeper> {
    const stdout = this.isAccepted ? `${OTHER}\n${this.who.stamp}\n` : `${OTHER}\n`;
    const run = () => Promise.resolve({ code: 0, stdout, stderr: "" });
    const window = createWindow(
      { fs: plainFs(), clock: systemClock, random: () => 0.5, log, run },
      {
        forgejo: undefined,
        localRepo: { path: this.root, ifPresent: false },
        branch: "main",
        windowCommits: 10,
        refreshMs: 60_000,
        maxStaleMs: 3_600_000,
        acceptExtra: [],
        path: `${this.root}/window.json`,
        userAgent: "test",
      },
    );
    await window.refresh();
    return window;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.root, { recursive: true });
  }
}

/** Whose episode it is, and of which commit. */
export interface Who {
  readonly host: HostId;
  readonly id: EpisodeId;
  readonly stamp: Stamp;
}

/** The body in a few chunks; breaks off after `cutAt` bytes. */
function streamOf(body: Uint8Array<ArrayBuffer>, cutAt = Infinity): ReadableStream<Uint8Array> {
  let at = 0;
  return new ReadableStream({
    pull(controller) {
      if (at >= body.byteLength) return controller.close();
      if (at >= cutAt) return controller.error(new Error("the connection broke"));
      const end = Math.min(at + 20 * KIB, body.byteLength, Math.ceil(cutAt));
      controller.enqueue(body.slice(at, end));
      at = end;
    },
  });
}
