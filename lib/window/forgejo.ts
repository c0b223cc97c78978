/**
 * The newest commits from Forgejo's API, `GET /repos/{owner}/{repo}/commits`; Gitea's is the same.
 *
 * The server caps `limit` (`[api] MAX_RESPONSE_ITEMS`, `[git] COMMITS_RANGE_SIZE`, both 50 unless set), so a short
 * page is not the last one: X-HasMore tells, else X-Total-Count, else a page without a commit. Link is not followed,
 * for its URLs begin with the server's ROOT_URL, which need not be the way that leads there from here. A list that is
 * shorter than the window is believed only when it goes back to the beginning: an empty page may as well come from a
 * server that is just restarting, and the rest of the window would be refused.
 *
 * A commit names its whole history. Hence the first page tells whether anything changed at all, and the others are
 * asked for from the commit that came first on it: a push between two pages then shifts nothing.
 */
import * as v from "valibot";
import { findStamp, type Stamp } from "../episode/mod.ts";
import type { RequestText, TextAnswer } from "./http.ts";
import { type CommitSource, WindowError } from "./source.ts";

export interface ForgejoOptions {
  /** Scheme, host and port, without a slash at the end. */
  readonly url: string;
  /** `owner/name`. */
  readonly repository: string;
  readonly branch: string;
  /** How many of its newest commits. */
  readonly commits: number;
  readonly userAgent: string;
  /** The token, read anew for each reading. Throws an Error whose message says why there is none. */
  readonly readToken?: (() => string) | undefined;
}

/** Of one request. An unknown commit waits for the answer, and a lab host for that. */
const REQUEST_TIMEOUT_MS = 8000;
/** Of all pages together: 10,000 commits are 200 pages at the usual cap. No request waits for so long. */
const READING_TIMEOUT_MS = 5 * 60_000;
/** More than the usual cap has its use only where a server allows it. */
const LIMIT = 100;
/** A hundred commits with long messages are some hundred kilobytes. */
const PAGE_LIMIT_BYTES = 16 * 1024 * 1024;

const commit = v.object({ sha: v.string() });
const page = v.array(v.object({ ...commit.entries, parents: v.nullish(v.array(commit), []) }));

/** One page: its commits, and those that must follow on it or on a later one. */
interface Page {
  readonly stamps: readonly Stamp[];
  readonly parents: readonly string[];
}

/** What the last reading gave: while the branch's first commit is the same, so is all of it. */
interface Reading {
  readonly stamps: readonly Stamp[];
  readonly etag: string | null;
}

export function forgejoSource(
  parts: { readonly request: RequestText; readonly monotonic: () => number },
  options: ForgejoOptions,
): CommitSource {
  let last: Reading | undefined;
  return {
    name: "forgejo",
    async read(signal) {
      last = await readAll(parts, options, last, signal);
      return last.stamps;
    },
  };
}

async function readAll(
  { request, monotonic }: Parameters<typeof forgejoSource>[0],
  options: ForgejoOptions,
  last: Reading | undefined,
  signal: AbortSignal | undefined,
): Promise<Reading> {
  const { branch, commits } = options;
  const headers = headersOf(options);
  const endMs = monotonic() + READING_TIMEOUT_MS;
  const ask = (ref: string, number: number, conditions: Record<string, string> = {}) => {
    const leftMs = endMs - monotonic();
    if (leftMs <= 0) throw new WindowError("unreachable", options.url, slow(options));
    return request({
      url: pageUrl(options, ref, number),
      headers: { ...headers, ...conditions },
      timeoutMs: Math.min(REQUEST_TIMEOUT_MS, leftMs),
      limitBytes: PAGE_LIMIT_BYTES,
    }, signal);
  };

  // Forgejo itself sends no validator for this list; a cache in front of it may. Last-Modified is not used: it
  // counts seconds, and a commit pushed within one would go unseen.
  const first = await ask(branch, 1, conditionsOf(last));
  if (first.status === 304 && last !== undefined) return last;
  const { stamps: firstStamps, parents } = pageIn(first, options);
  const stamps = new Set(firstStamps);
  const expected = new Set<string>(parents);
  const [newest] = stamps;
  if (newest === undefined) {
    throw new WindowError("empty", options.url, `${named(options)} has no commit on ${branch}`);
  }
  const etag = first.headers.get("etag");
  if (newest === last?.stamps[0]) return { stamps: last.stamps, etag };

  let answer = first;
  for (let number = 2; stamps.size < commits && hasMore(answer.headers, stamps.size); number++) {
    answer = await ask(newest, number);
    const before = stamps.size;
    const page = pageIn(answer, options);
    for (const stamp of page.stamps) stamps.add(stamp);
    for (const parent of page.parents) expected.add(parent);
    // The end, or a server that gives the same page for every number.
    if (stamps.size === before) break;
  }
  if (stamps.size < commits && !expected.isSubsetOf(stamps)) {
    throw malformed(options, `gave ${stamps.size} commits, and not those before them`);
  }
  return { stamps: [...stamps].slice(0, commits), etag };
}

function headersOf({ userAgent, url, readToken }: ForgejoOptions): Record<string, string> {
  const headers = {
    "accept": "application/json",
    "cache-control": "no-cache",
    "user-agent": userAgent,
  };
  if (readToken === undefined) return headers;
  try {
    return { ...headers, authorization: `token ${readToken()}` };
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new WindowError("refused", url, `window.forgejo_token_file can't be read: ${why}`, {
      cause,
    });
  }
}

function conditionsOf(last: Reading | undefined): Record<string, string> {
  const etag = last?.etag ?? null;
  return etag === null ? {} : { "if-none-match": etag };
}

/** The same `limit` on every page: the server counts pages by it. */
function pageUrl({ url, repository, commits }: ForgejoOptions, ref: string, number: number) {
  const query = new URLSearchParams({
    sha: ref,
    limit: String(Math.min(commits, LIMIT)),
    page: String(number),
    stat: "false",
    verification: "false",
    files: "false",
  });
  return `${url}/api/v1/repos/${repository}/commits?${query}`;
}

function hasMore(headers: Headers, count: number): boolean {
  const more = headers.get("x-hasmore");
  if (more !== null) return more === "true";
  const total = headers.get("x-total-count");
  return total === null || Number(total) > count;
}

function pageIn(answer: TextAnswer, options: ForgejoOptions): Page {
  if (answer.status !== 200) throw refusalOf(answer, options);
  const parsed = v.safeParse(page, parseJson(answer.body));
  if (!parsed.success) {
    const type = answer.headers.get("content-type")?.slice(0, 60) ?? "no content type";
    throw malformed(options, `answered with something (${type}) that is no list of commits`);
  }
  return {
    stamps: parsed.output.map(({ sha }) => {
      const stamp = findStamp(sha);
      if (stamp === undefined) throw malformed(options, "has commits that are not named by SHA-1");
      return stamp;
    }),
    parents: parsed.output.flatMap(({ parents }) => parents ?? []).map(({ sha }) => sha),
  };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // A page for people; the schema refuses undefined.
    return undefined;
  }
}

function malformed(options: ForgejoOptions, what: string): WindowError {
  return new WindowError(
    "malformed",
    options.url,
    `${named(options)} ${what}; does window.forgejo_url lead to Forgejo itself?`,
  );
}

function refusalOf({ status, headers }: TextAnswer, options: ForgejoOptions): WindowError {
  const { url, repository, branch } = options;
  const error = (code: WindowError["code"], words: string) =>
    new WindowError(code, url, `${named(options)} answered ${status}: ${words}`);
  if (status === 401) return error("refused", "put a valid token into window.forgejo_token_file");
  if (status === 403) {
    return error(
      "refused",
      `the token needs the scope read:repository and access to ${repository}`,
    );
  }
  if (status === 404) {
    return error(
      "absent",
      `no branch ${branch} of ${repository}, or it is not public; check window.repository, ` +
        "window.branch and window.forgejo_token_file",
    );
  }
  if (status === 409) return error("empty", "the repository is empty");
  if (status >= 300 && status < 400) {
    const to = headers.get("location")?.slice(0, 200) ?? "nowhere";
    return error("malformed", `a redirect to ${to}; set window.forgejo_url to where it leads`);
  }
  return error("unreachable", "it is restarting, or its own log tells more");
}

function named({ url, repository }: ForgejoOptions): string {
  return `${url} (${repository})`;
}

function slow(options: ForgejoOptions): string {
  return `${named(options)} did not give ${options.commits} commits in ${
    READING_TIMEOUT_MS / 1000
  } s`;
}
