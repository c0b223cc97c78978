/**
 * The window as a source that can be trusted gave it last, in memory and in a file, so that a restart while Forgejo
 * is away does not make the receiver forget. The file is a window as `GET /v1/window` gives it, without pinned commits.
 *
 * How old it is, is counted on the monotonic clock from the moment it was read or loaded: the wall clock of a small
 * machine without a battery jumps when it first meets the network. Across a restart only the wall clock is left; a
 * reading that seems to come from the future is young.
 */
import type { Log } from "../events/mod.ts";
import {
  type Clock,
  findFile,
  FsError,
  OddFileError,
  type PlainFs,
  writeFileDurably,
} from "../sys/mod.ts";
import { formatWindow, parseWindow, type Window } from "../wire/mod.ts";

export interface LastKnownParts {
  readonly fs: Parameters<typeof writeFileDurably>[0] & Pick<PlainFs, "openRead">;
  readonly clock: Clock;
  readonly log: Log;
}

export interface LastKnownOptions {
  readonly path: string;
  /** What is known of another branch is of no use. */
  readonly branch: string;
}

/** 10,000 commits have 430 kB. */
const LIMIT_BYTES = 4 * 1024 * 1024;

/** The same commits are written again after so long, that their age is not overrated after a restart. */
const REWRITE_INTERVAL_MS = 10 * 60_000;

export class LastKnown {
  #window: Window | undefined;
  /** Its age when it was taken or loaded, and when that was. */
  #ageMs = 0;
  #takenMs = 0;
  /** What the file holds as far as is known, and when it was written. */
  #written: Window | undefined;
  #writtenMs = -Infinity;
  #writing: Promise<void> | undefined;
  #complaint: string | undefined;

  constructor(
    private readonly parts: LastKnownParts,
    private readonly options: LastKnownOptions,
  ) {}

  get window(): Window | undefined {
    return this.#window;
  }

  /** Milliseconds since its source was read. */
  ageMs(): number {
    return this.#ageMs + this.parts.clock.monotonic() - this.#takenMs;
  }

  /** Takes what the file holds. A file that is no use is told, and as good as none. */
  load(): void {
    const { path, branch } = this.options;
    const { clock, log } = this.parts;
    const useless = (why: string) => log("window-failed", { source: "last-known", why });
    let bytes;
    try {
      bytes = findFile(this.parts.fs, path, LIMIT_BYTES);
    } catch (error) {
      if (!(error instanceof FsError || error instanceof OddFileError)) throw error;
      return useless(error.message);
    }
    if (bytes === undefined) return;
    const window = parseWindow(new TextDecoder().decode(bytes));
    if (window === undefined) return useless(`${path} is no window; the next reading replaces it`);
    if (window.branch !== branch) return useless(`${path} is of branch ${window.branch}`);
    this.#window = this.#written = window;
    this.#ageMs = Math.max(0, clock.now() - Date.parse(window.read_at));
    this.#takenMs = clock.monotonic();
  }

  /** Takes a window that was read just now, and writes it behind the caller's back: nobody need wait for the disk. */
  take(window: Window): void {
    this.#window = window;
    this.#ageMs = 0;
    const now = this.#takenMs = this.parts.clock.monotonic();
    const isDue = now - this.#writtenMs >= REWRITE_INTERVAL_MS;
    // One that comes while another is being written waits for the next reading.
    if (this.#writing !== undefined || (!isDue && sameCommits(window, this.#written))) return;
    this.#writing = this.#write(window).finally(() => this.#writing = undefined);
  }

  /** Returns when nothing is being written. */
  async settled(): Promise<void> {
    await this.#writing;
  }

  async #write(window: Window): Promise<void> {
    const { fs, clock, log } = this.parts;
    const { path } = this.options;
    try {
      await writeFileDurably(fs, path, new TextEncoder().encode(formatWindow(window)));
      this.#written = window;
      this.#writtenMs = clock.monotonic();
      this.#complaint = undefined;
    } catch (error) {
      if (!(error instanceof FsError)) throw error;
      if (error.message !== this.#complaint) log("window-not-kept", { path, why: error.message });
      this.#complaint = error.message;
    }
  }
}

function sameCommits(a: Window, b: Window | undefined): boolean {
  return a.commits.length === b?.commits.length &&
    a.commits.every((stamp, at) => stamp === b.commits[at]);
}
