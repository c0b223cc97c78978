/**
 * A lab in virtual time: a Forgejo that restarts, a receiver that is killed and started again, a checkout that is as old
 * as it likes, and commits that are pushed and PUT meanwhile. The receiver's window is the real one, from its HTTP answers
 * and git's output to its file; the disk is the model file system, so that a kill is a power cut.
 */
import { createLog } from "../../lib/events/mod.ts";
import type { Stamp } from "../../lib/episode/mod.ts";
import type { Random, RunProgram } from "../../lib/sys/mod.ts";
import { createWindow, type RequestText, type WindowKeeper } from "../../lib/window/mod.ts";
import { WindowError } from "../../lib/window/source.ts";
import { ModelFs } from "../model/filesystem.ts";
import { stampOf } from "./lab.ts";
import { VirtualClock } from "./virtual_clock.ts";

export const WINDOW_COMMITS = 5;
const STORE = "/window.json";

/** How a Forgejo that does not answer does it. */
export const SILENCES = ["refused", "slow", "502", "html", "empty", "404"] as const;
export type Silence = typeof SILENCES[number];

export interface ModelOptions {
  /** The first so many commits of the branch are in the checkout; undefined: there is none. */
  readonly checkoutCommits: number | undefined;
  readonly graceMs?: number | undefined;
  readonly random: Random;
}

/** A commit that was accepted, from the question to the answer, and yet got 412. */
export interface FalseRejection {
  readonly stamp: Stamp;
  readonly atMs: number;
}

interface Running {
  readonly window: WindowKeeper;
  readonly stop: AbortController;
}

export class ModelLab {
  readonly clock = new VirtualClock();
  readonly falseRejections: FalseRejection[] = [];
  /** Of PUTs of accepted commits, by what became of them. */
  readonly answers = new Map<string, number>();
  restarts = 0;
  #fs = new ModelFs(0n);
  #silence: Silence | undefined;
  /** Newest last. */
  #branch: Stamp[] = [];
  #receiver: Running | undefined;
  #asked: Promise<void>[] = [];

  constructor(private readonly options: ModelOptions) {
    for (let at = 0; at < 2 * WINDOW_COMMITS; at++) this.push();
  }

  get #accepted(): readonly Stamp[] {
    return this.#branch.slice(-WINDOW_COMMITS);
  }

  /** A commit arrives at Forgejo, unless it is away. */
  push(): void {
    if (this.#silence !== undefined) return;
    this.#branch.push(stampOf((this.#branch.length + 1).toString(16).padStart(40, "0")));
  }

  forgejoGoes(silence: Silence): void {
    this.#silence = silence;
    this.restarts++;
  }

  forgejoReturns(): void {
    this.#silence = undefined;
  }

  /** Kills the receiver, as a power cut does; requests under way get no answer. */
  receiverGoes(): void {
    this.#receiver?.stop.abort();
    this.#receiver = undefined;
    this.#fs.cutPower(this.options.random);
  }

  receiverReturns(): void {
    const { clock } = this;
    const stop = new AbortController();
    const window = createWindow({
      fs: this.#fs,
      clock,
      random: this.options.random,
      log: createLog(() => {}, { priority: false }),
      run: this.#git,
      createRequest: () => this.#request,
    }, {
      branch: "main",
      windowCommits: WINDOW_COMMITS,
      refreshMs: 60_000,
      maxStaleMs: 72 * 3600_000,
      acceptExtra: [],
      forgejo: { url: "http://forgejo", repository: "lab/code", readToken: undefined },
      localRepo: this.options.checkoutCommits === undefined
        ? undefined
        : { path: "/checkout", ifPresent: false },
      path: STORE,
      userAgent: "model",
      graceMs: this.options.graceMs,
    });
    this.#receiver = { window, stop };
    void window.run(stop.signal);
  }

  /** A lab host PUTs an episode of the accepted commit that was pushed `ago` commits ago. */
  put(ago: number): void {
    const receiver = this.#receiver;
    const stamp = this.#accepted.at(-1 - ago);
    if (receiver === undefined || stamp === undefined) return;
    this.#asked.push(this.#ask(receiver, stamp));
  }

  async #ask(receiver: Running, stamp: Stamp): Promise<void> {
    const { kind } = await receiver.window.judge(stamp);
    // A dead receiver answers nobody; a commit that left the window meanwhile may be refused.
    if (receiver.stop.signal.aborted || !this.#accepted.includes(stamp)) return;
    this.answers.set(kind, (this.answers.get(kind) ?? 0) + 1);
    if (kind === "out-of-window") {
      this.falseRejections.push({ stamp, atMs: this.clock.monotonic() });
    }
  }

  /** Lets everything come to its end. */
  async end(): Promise<void> {
    await this.clock.pass(120_000);
    this.#receiver?.stop.abort();
    await this.clock.pass(120_000);
    await Promise.all(this.#asked);
  }

  readonly #request: RequestText = async ({ url, timeoutMs }, signal) => {
    const answer = (status: number, body: string) => ({ status, headers: new Headers(), body });
    // The answer is as old as the request when it arrives.
    const silence = this.#silence;
    const accepted = this.#branch.toReversed();
    await this.clock.sleep(
      silence === "slow" ? timeoutMs : 20 + this.options.random() * 500,
      signal,
    );
    if (signal?.aborted) throw new WindowError("unreachable", url, "stopped");
    switch (silence) {
      case "refused":
      case "slow":
        throw new WindowError("unreachable", url, "no answer");
      case "502":
        return answer(502, "Bad Gateway");
      case "html":
        return answer(200, "<html>starting up</html>");
      case "empty":
        return answer(200, "[]");
      case "404":
        return answer(404, "");
      case undefined: {
        const query = new URL(url).searchParams;
        const [page, sha] = [Number(query.get("page")), query.get("sha")];
        const from = sha === "main" ? 0 : accepted.findIndex((stamp) => stamp === sha);
        // Capped at 2 commits a page.
        const start = from + (page - 1) * 2;
        const commits = accepted.slice(start, start + 2).map((sha, at) => {
          const parent = accepted[start + at + 1];
          return { sha, parents: parent === undefined ? [] : [{ sha: parent }] };
        });
        return answer(200, JSON.stringify(commits));
      }
    }
  };

  readonly #git: RunProgram = async () => {
    await this.clock.sleep(5);
    const commits = this.#branch.slice(0, this.options.checkoutCommits);
    const stdout = commits.toReversed().slice(0, WINDOW_COMMITS).join("\n");
    return { code: 0, stdout, stderr: "" };
  };
}
