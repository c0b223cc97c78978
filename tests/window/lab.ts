/**
 * A receiver in this process: its real app, store, HTTP client, git and files. Only time is moved by hand, so that ten
 * minutes of silence need not be waited for, and the time-outs of HTTP are short.
 */
import { findHostId, findStamp, type Stamp } from "../../lib/episode/mod.ts";
import { createLog } from "../../lib/events/mod.ts";
import {
  createApp,
  createParts,
  FIXED_LIMITS,
  openMeter,
  openPosixStore,
} from "../../lib/receiver/mod.ts";
import { type Clock, plainFs, runProgram, systemClock } from "../../lib/sys/mod.ts";
import { createRequestText } from "../../lib/window/http.ts";
import { createWindow, type WindowKeeper, type WindowOptions } from "../../lib/window/mod.ts";
import { parseProblem, type Problem } from "../../lib/wire/mod.ts";
import { must } from "../fakes/receiver.ts";
import { announceHeaders, sample } from "../api/sample.ts";

const HOST = must(findHostId("lab-1"));
const HTTP_TIMEOUT_MS = 400;

export type LabOptions = Partial<WindowOptions>;

export class Lab {
  #puts = 0;

  private constructor(
    readonly window: WindowKeeper,
    private readonly app: { fetch(request: Request): Response | Promise<Response> },
    private readonly state: { movedMs: number },
    /** What it has logged. */
    readonly lines: readonly string[],
  ) {}

  /** @param directory what is left of an earlier receiver is found there */
  static async start(directory: string, options: LabOptions): Promise<Lab> {
    const state = { movedMs: 0 };
    const lines: string[] = [];
    const clock: Clock = {
      ...systemClock,
      now: () => Date.now() + state.movedMs,
      monotonic: () => performance.now() + state.movedMs,
    };
    const log = createLog((line) => lines.push(line), { priority: false });
    const machine = { fs: plainFs(), clock, log };
    const window = createWindow({
      ...machine,
      random: () => 0.5,
      run: runProgram,
      createRequest: (origin) => {
        const request = createRequestText(origin);
        return (what, signal) => {
          const timeoutMs = Math.min(what.timeoutMs, HTTP_TIMEOUT_MS);
          return request({ ...what, timeoutMs }, signal);
        };
      },
    }, {
      branch: "main",
      windowCommits: 50,
      refreshMs: 60_000,
      maxStaleMs: 72 * 3600_000,
      acceptExtra: [],
      forgejo: undefined,
      localRepo: undefined,
      path: `${directory}/window.json`,
      userAgent: "cis490/test",
      ...options,
    });
    const store = await openPosixStore(machine, `${directory}/store`);
    const app = createApp(createParts({
      ...machine,
      store,
      window,
      identity: { proxy: { kind: "token-alone" }, tokens: { findHost: () => HOST } },
      limits: {
        ...FIXED_LIMITS,
        maxArchiveBytes: 2 ** 30,
        maxUnpackedBytes: 2 ** 30,
        minFreeBytes: 0,
        maxPartialsBytes: 2 ** 30,
        partialKeepMs: 3600_000,
      },
      meter: await openMeter(),
      version: "9.9.9",
    }));
    return new Lab(window, app, state, lines);
  }

  /** Announces an episode of this commit: `201`, or the problem that it meets. */
  async put(stamp: string): Promise<{ answer: string; problem: Problem | undefined }> {
    const episode = sample(stamp, 0, `${++this.#puts}`);
    const response = await this.app.fetch(
      new Request(`http://receiver/v1/episodes/${HOST}/episode-${this.#puts}`, {
        method: "PUT",
        headers: {
          authorization: "Bearer x",
          "content-length": "0",
          ...announceHeaders(episode, stamp),
        },
      }),
    );
    const text = await response.text();
    if (response.ok) return { answer: `${response.status}`, problem: undefined };
    const { name, problem } = must(parseProblem(JSON.parse(text)));
    return { answer: `${response.status} ${name}`, problem };
  }

  async get(path: string, headers: Record<string, string> = {}): Promise<Response> {
    return await this.app.fetch(new Request(`http://receiver${path}`, { headers }));
  }

  /** Returns when what it writes behind its callers' backs is on the disk; it is not to be used afterwards. */
  async settle(): Promise<void> {
    const ended = new AbortController();
    ended.abort();
    await this.window.run(ended.signal);
  }

  /** Lets time pass for the receiver. */
  pass(minutes: number): void {
    this.state.movedMs += minutes * 60_000;
  }
}

export function stampOf(text: string): Stamp {
  return must(findStamp(text));
}

/** A directory of its own, removed afterwards. */
export async function withDirectory(use: (directory: string) => Promise<void>): Promise<void> {
  const directory = await Deno.makeTempDir({ prefix: "cis490-window-" });
  try {
    await use(directory);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}
