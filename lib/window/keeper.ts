/**
 * Keeps the window fresh: one reading at a time, on a schedule, and at once for an unknown commit.
 *
 * Forgejo is the authority: what it says replaces all that was known. While it is silent, the local repository and the
 * window known last are the window together, for the repository may be weeks old. Without Forgejo the repository is the
 * authority. A source that fails never takes away a commit that is still young enough.
 */
import type { Stamp } from "../episode/mod.ts";
import type { Log } from "../events/mod.ts";
import type { Clock, Random } from "../sys/mod.ts";
import type { Window } from "../wire/mod.ts";
import { Authority } from "./authority.ts";
import { judge, type Judgement, type KnownWindow, knownWindow } from "./judge.ts";
import type { LastKnown } from "./last_known.ts";
import { type CommitSource, WindowError } from "./source.ts";
import { unionOf } from "./union.ts";

export interface KeeperParts {
  readonly forgejo: CommitSource | undefined;
  readonly repository: CommitSource | undefined;
  readonly lastKnown: LastKnown;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

export interface KeeperOptions {
  readonly branch: string;
  readonly refreshMs: number;
  /** So long is the window known last used after its source fell silent. */
  readonly maxStaleMs: number;
  /** Accepted whatever any source says. */
  readonly acceptExtra: readonly Stamp[];
  /** An unknown commit is not refused before Forgejo has been silent for so long; 10 minutes unless said. */
  readonly graceMs?: number | undefined;
}

/** For the doctor, for metrics, for ping. */
export interface WindowStatus {
  readonly window: Window;
  readonly ageS: number;
  /** Seconds since Forgejo was first found silent; undefined while it answers, and where there is none. */
  readonly forgejoSilentS: number | undefined;
}

const GRACE_MS = 10 * 60_000;

/** An unknown commit has the sources read again at most this often. */
const LOOKUP_INTERVAL_MS = 10_000;

/** A request waits so long for a reading; then it is told to come again. */
const WAIT_MS = 30_000;

export class WindowKeeper {
  readonly #authority: Authority | undefined;
  readonly #pinned: ReadonlySet<Stamp>;
  #known: KnownWindow | undefined;
  #reading: Promise<void> | undefined;
  /** Readings are numbered from 1; the last that began, and the last that ended. */
  #begun = 0;
  #ended = 0;
  #lookedUpMs = -Infinity;
  #saidWindow: string | undefined;
  readonly #saidFaults = new Map<string, string>();
  readonly #stopping = new AbortController();

  constructor(private readonly parts: KeeperParts, private readonly options: KeeperOptions) {
    const { forgejo, lastKnown, clock } = parts;
    this.#authority = forgejo && new Authority(clock, options.graceMs ?? GRACE_MS);
    this.#pinned = new Set(options.acceptExtra);
    if (this.#isFresh(lastKnown)) this.#set(lastKnown.window, "last-known");
  }

  /** The window as it is known; undefined when nothing young enough is. */
  current(): Window | undefined {
    return this.#known?.window;
  }

  /** Seconds since the window was read. */
  ageS(window: Window): number {
    return Math.max(0, Math.round((this.parts.clock.now() - Date.parse(window.read_at)) / 1000));
  }

  status(): WindowStatus | undefined {
    const window = this.current();
    if (window === undefined) return undefined;
    const silentMs = this.#authority?.silentMs();
    return {
      window,
      ageS: this.ageS(window),
      forgejoSilentS: silentMs === undefined ? undefined : Math.round(silentMs / 1000),
    };
  }

  /**
   * Judges `stamp`. With Forgejo, no commit is refused before a reading that began after the question has ended: the
   * commit may have been pushed a moment ago. A local repository alone is trusted at once.
   */
  async judge(stamp: Stamp): Promise<Judgement> {
    if (this.#accepts(stamp)) return { kind: "accepted" };
    if (this.#authority === undefined) await this.#lookUpOnce();
    else if (!(await this.#lookUp(stamp, this.#authority))) return this.#undecided();
    if (this.#accepts(stamp)) return { kind: "accepted" };
    return judge(this.#known, stamp, this.#authority?.mayKnowMore() ?? false);
  }

  /** Reads the sources now, or joins the reading under way. Never throws: what is known stays while it is young. */
  refresh(): Promise<void> {
    this.#reading ??= this.#read().finally(() => this.#reading = undefined);
    return this.#reading;
  }

  /** Refreshes now and on the schedule until `signal` is aborted, and leaves no file half written. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, random, lastKnown } = this.parts;
    // A reading that a request asked for must not hold up the end either.
    signal.addEventListener("abort", () => this.#stopping.abort());
    while (!signal.aborted) {
      await this.refresh();
      // Jitter: receivers that started together must not ask together for ever.
      await clock.sleep(this.options.refreshMs * (0.9 + 0.2 * random()), signal);
    }
    await lastKnown.settled();
  }

  #accepts(stamp: Stamp): boolean {
    return this.#pinned.has(stamp) || this.#known?.commits.has(stamp) === true;
  }

  #undecided(): Judgement {
    return { kind: this.#known === undefined ? "no-window" : "unknown-yet" };
  }

  async #lookUpOnce(): Promise<void> {
    const now = this.parts.clock.monotonic();
    if (this.#reading === undefined && now - this.#lookedUpMs < LOOKUP_INTERVAL_MS) return;
    this.#lookedUpMs = now;
    await this.refresh();
  }

  /** Waits for a reading that begins from now on, or for the commit; false when neither came in time. */
  async #lookUp(stamp: Stamp, authority: Authority): Promise<boolean> {
    const { clock } = this.parts;
    const begunBefore = this.#begun;
    const endMs = clock.monotonic() + WAIT_MS;
    const done = new AbortController();
    try {
      const timeout = clock.sleep(WAIT_MS, done.signal);
      while (!this.#accepts(stamp) && this.#ended <= begunBefore) {
        const now = clock.monotonic();
        if (now >= endMs) return false;
        const waitMs = this.#lookedUpMs + LOOKUP_INTERVAL_MS - now;
        if (this.#reading !== undefined) {
          await Promise.race([this.#reading, timeout]);
        } else if (waitMs <= 0) {
          this.#lookedUpMs = now;
          await Promise.race([this.refresh(), timeout]);
        } else if (authority.mayKnowMore()) {
          // Nothing would be refused anyway.
          return false;
        } else {
          await clock.sleep(waitMs);
        }
      }
      return true;
    } finally {
      done.abort();
    }
  }

  async #read(): Promise<void> {
    const number = ++this.#begun;
    if (!(await this.#readForgejo() || await this.#readRepository() || this.#isStopping)) {
      this.#fallBack();
    }
    this.#ended = number;
  }

  get #isStopping(): boolean {
    return this.#stopping.signal.aborted;
  }

  async #readForgejo(): Promise<boolean> {
    const { forgejo, clock } = this.parts;
    if (forgejo === undefined) return false;
    const askedMs = clock.monotonic();
    const commits = await this.#ask(forgejo);
    if (commits === undefined) {
      this.#authority?.failed(askedMs);
      return false;
    }
    this.#authority?.answered();
    this.#trust(forgejo, commits);
    return true;
  }

  async #readRepository(): Promise<boolean> {
    const { forgejo, repository, lastKnown } = this.parts;
    if (repository === undefined || this.#isStopping) return false;
    const commits = await this.#ask(repository);
    if (commits === undefined) return false;
    if (forgejo === undefined) {
      this.#trust(repository, commits);
      return true;
    }
    const known = this.#isFresh(lastKnown) ? lastKnown.window.commits : [];
    this.#set(this.#windowOf(repository, unionOf(known, commits)), repository.name);
    return true;
  }

  /** No source answered: what was known last, while it is young enough. */
  #fallBack(): void {
    const { lastKnown } = this.parts;
    if (this.#isFresh(lastKnown)) return this.#set(lastKnown.window, "last-known");
    this.#known = undefined;
    const hours = this.options.maxStaleMs / 3600_000;
    const why = lastKnown.window === undefined
      ? "no source has answered yet; see window.forgejo_url and window.local_repo_path"
      : `no source answers, and the window known last is older than ${hours} h (window.max_stale_hours)`;
    if (this.#saidWindow !== why) this.parts.log("window-lost", { why });
    this.#saidWindow = why;
  }

  async #ask(source: CommitSource): Promise<readonly Stamp[] | undefined> {
    try {
      const commits = await source.read(this.#stopping.signal);
      this.#saidFaults.delete(source.name);
      return commits;
    } catch (error) {
      if (!(error instanceof WindowError)) throw error;
      const isFault = error.code !== "unasked" && !this.#isStopping;
      // Once for each change: the same line every minute would bury the rest.
      if (isFault && this.#saidFaults.get(source.name) !== error.message) {
        this.#saidFaults.set(source.name, error.message);
        this.parts.log("window-failed", { source: source.name, why: error.message });
      }
      return undefined;
    }
  }

  /** The authority has spoken: its commits are the window, also when they are fewer than before. */
  #trust(source: CommitSource, commits: readonly Stamp[]): void {
    const { lastKnown } = this.parts;
    const window = this.#windowOf(source, commits);
    this.#sayIfRewritten(window, lastKnown.window);
    lastKnown.take(window);
    this.#set(window, source.name);
  }

  #windowOf(source: CommitSource, commits: readonly Stamp[]): Window {
    const read_at = new Date(this.parts.clock.now()).toISOString();
    return { branch: this.options.branch, source: source.name, read_at, commits: [...commits] };
  }

  #set(window: Window, source: Window["source"]): void {
    this.#known = knownWindow({ ...window, source }, this.#pinned);
    const size = window.commits.length;
    const newest = window.commits[0] ?? "none";
    const said = `${source} ${size} ${newest}`;
    if (said === this.#saidWindow) return;
    this.#saidWindow = said;
    this.parts.log("window-read", { source, size, newest, age_s: this.ageS(window) });
  }

  #sayIfRewritten(window: Window, before: Window | undefined): void {
    const was = before?.commits[0];
    const [newest] = window.commits;
    if (before === undefined || was === undefined || newest === undefined) return;
    const now = new Set(window.commits);
    if (now.has(was)) return;
    this.parts.log("window-rewritten", {
      source: window.source,
      gone: before.commits.filter((stamp) => !now.has(stamp)).length,
      before: before.commits.length,
      size: window.commits.length,
      was,
      newest,
    });
  }

  #isFresh(lastKnown: LastKnown): lastKnown is LastKnown & { readonly window: Window } {
    return lastKnown.window !== undefined && lastKnown.ageMs() <= this.options.maxStaleMs;
  }
}
