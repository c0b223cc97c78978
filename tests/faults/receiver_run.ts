/**
 * One store and one receiver for a fault: the compiled binary on a unix socket, and a client that sends an episode by one PUT
 * and another one in pieces. What was answered is remembered, so that it can be held against the store afterwards.
 */
import { type Answer, type Ask, ask } from "../api/http.ts";
import { announceHeaders, pieceHeaders, putHeaders, type Sample, sample } from "../api/sample.ts";
import { BINARY } from "../e2e/lab.ts";

export const HOST = "lab-host-01";
const STAMP = "0123456789abcdef0123456789abcdef01234567";
/** Sent whole, and in three pieces. */
export const IDS = ["whole", "pieces"] as const;
const PIECES = 3;
const START_MS = 20_000;
/**
 * SQLite, when fcntl(2) fails at a lock of the catalogue's, waits and tries again for ten seconds, and the receiver with it;
 * no disk makes that call fail, and the catalogue is given up after it.
 */
const ANSWER_MS = 20_000;
/** `verifying`, `busy`: the receiver asks to be asked again. */
const TRIES = 20;

/** What all runs share: a token and the episodes. */
export class Site implements AsyncDisposable {
  private constructor(
    readonly root: string,
    readonly token: string,
    readonly episodes: Readonly<Record<typeof IDS[number], Sample>>,
  ) {}

  static async make(): Promise<Site> {
    const root = await Deno.makeTempDir({ prefix: "cis490-faults-" });
    await Deno.writeTextFile(`${root}/receiver.toml`, configOf(root, root));
    const { stdout } = await new Deno.Command(BINARY, {
      args: ["receive", "token", "add", HOST, "--config", `${root}/receiver.toml`],
    }).output();
    return new Site(root, new TextDecoder().decode(stdout).trim(), {
      whole: sample(STAMP, 150_000, "whole"),
      pieces: sample(STAMP, 300_000, "pieces"),
    });
  }

  /** A directory with an empty store. */
  async run(number: number): Promise<ReceiverRun> {
    const directory = `${this.root}/${number}`;
    await Deno.mkdir(`${directory}/store`, { recursive: true });
    await Deno.writeTextFile(`${directory}/receiver.toml`, configOf(this.root, directory));
    return new ReceiverRun(this, directory);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.root, { recursive: true });
  }
}

/** No repository: a git(1) that the receiver runs would be traced with it, and have faults of its own. */
function configOf(root: string, directory: string): string {
  return `listen = "unix:${directory}/socket"
store_dir = "${directory}/store"
tokens_file = "${root}/tokens.toml"
proxy_identity = false
[window]
local_repo_path = ""
accept_extra = ["${STAMP}"]
[limits]
min_free_mb = 0
`;
}

export class ReceiverRun {
  #process: Deno.ChildProcess | undefined;
  #logEnded: Promise<void> = Promise.resolve();
  /** What it has logged, from one start after the other. */
  log = "";

  constructor(private readonly site: Site, readonly directory: string) {}

  get config(): string {
    return `${this.directory}/receiver.toml`;
  }
  get store(): string {
    return `${this.directory}/store`;
  }
  get pid(): number {
    return this.#process?.pid ?? -1;
  }

  /** Starts the receiver, and waits until it listens. */
  async start(): Promise<void> {
    const process = new Deno.Command(BINARY, {
      args: ["receive", "--config", this.config],
      stdin: "null",
      stdout: "null",
      stderr: "piped",
    }).spawn();
    this.#process = process;
    const listens = Promise.withResolvers<void>();
    this.#logEnded = this.#readLog(process.stderr, listens.resolve)
      .finally(() => listens.reject(new Error(`the receiver does not start: ${this.log}`)));
    const timer = setTimeout(() => process.kill("SIGKILL"), START_MS);
    await listens.promise.finally(() => clearTimeout(timer));
  }

  /** Ends it by this signal, if it still runs. */
  async end(by: "SIGKILL" | "SIGTERM" = "SIGKILL"): Promise<void> {
    const process = this.#process;
    if (process === undefined) return;
    this.#process = undefined;
    try {
      process.kill(by);
    } catch (error) {
      // It has ended by itself.
      if (!(error instanceof TypeError)) throw error;
    }
    await process.status;
    await this.#logEnded;
  }

  /** Whether it has ended by itself, or does so within this time. */
  async endsWithin(ms: number): Promise<boolean> {
    let timer: number | undefined;
    const running = new Promise<false>((resolve) => timer = setTimeout(() => resolve(false), ms));
    const ended = this.#process?.status.then(() => true) ?? true;
    return await Promise.race([ended, running]).finally(() => clearTimeout(timer));
  }

  /** Sends both episodes once, until something goes wrong; the answers that came, in order, and how it ended. */
  async sendOnce(): Promise<{ readonly told: readonly Told[]; readonly end: End }> {
    const told: Told[] = [];
    try {
      for await (const one of this.#sending()) {
        told.push(one);
        if (one.answer.status >= 300) break;
      }
      return { told, end: "answered" };
    } catch (error) {
      if (error instanceof NoAnswer) return { told, end: "silent" };
      return { told, end: "broken" };
    }
  }

  /** Sends both until both are stored; what was wrong. */
  async sendAgain(): Promise<string[]> {
    let last = "";
    for (let attempt = 0; attempt < TRIES; attempt++) {
      last = "";
      for await (const { id, step, answer } of this.#sending()) {
        if (answer.status === 200 || answer.status === 201 || answer.status === 204) continue;
        last = `${id}, ${step}: ${answer.status} ${answer.text}`;
        if (answer.status !== 503 && answer.status !== 429) return [`refused again: ${last}`];
        break;
      }
      if (last === "") return [];
      await new Promise((resolve) => setTimeout(resolve, 250));
    }
    return [`not stored after ${TRIES} tries: ${last}`];
  }

  ask(what: Ask): Promise<Answer> {
    const headers = { authorization: `Bearer ${this.site.token}`, ...what.headers };
    const address = { transport: "unix", path: `${this.directory}/socket` } as const;
    let timer: number | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new NoAnswer(`no answer to ${what.method}`)), ANSWER_MS);
    });
    return Promise.race([ask(address, { ...what, headers }), late])
      .finally(() => clearTimeout(timer));
  }

  async *#sending(): AsyncGenerator<Told> {
    const { whole, pieces } = this.site.episodes;
    const path = (id: string) => `/v1/episodes/${HOST}/${id}`;
    yield {
      id: "whole",
      step: "put",
      stored: true,
      answer: await this.ask({
        method: "PUT",
        path: path("whole"),
        headers: putHeaders(whole, STAMP),
        body: whole.bytes,
      }),
    };
    const announced = await this.ask({
      method: "PUT",
      path: path("pieces"),
      headers: announceHeaders(pieces, STAMP),
    });
    const isStored = announced.status === 200;
    yield { id: "pieces", step: "announce", stored: isStored, answer: announced };
    if (isStored) return;
    const size = pieces.bytes.byteLength;
    const pieceBytes = Math.ceil(size / PIECES);
    for (let offset = Number(announced.headers.get("upload-offset")); offset < size;) {
      const piece = pieces.bytes.subarray(offset, offset + pieceBytes);
      const isLast = offset + piece.byteLength === size;
      const answer = await this.ask({
        method: "PATCH",
        path: `/v1/uploads/${HOST}/pieces/${pieces.archiveDigest}`,
        headers: pieceHeaders(piece, offset, isLast),
        body: piece,
      });
      offset += piece.byteLength;
      yield { id: "pieces", step: `piece to ${offset}`, stored: isLast, answer };
    }
  }

  async #readLog(stderr: ReadableStream<Uint8Array>, listens: () => void): Promise<void> {
    const begin = this.log.length;
    for await (const text of stderr.pipeThrough(new TextDecoderStream())) {
      this.log += text;
      if (/ listen=\S+\n/.test(this.log.slice(begin))) listens();
    }
  }
}

/** All was answered; the connection broke off; nothing came for a long time. */
export type End = "answered" | "broken" | "silent";

class NoAnswer extends Error {}

/** An answer that the client had. */
export interface Told {
  readonly id: typeof IDS[number];
  readonly step: string;
  /** If it is a 2xx, it says that the episode is stored. */
  readonly stored: boolean;
  readonly answer: Answer;
}
