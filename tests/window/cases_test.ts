/**
 * Where the window comes from, case by case: the source that is chosen, the line that is logged, the answer to a PUT.
 *
 * In every case the upstream branch has 60 commits, the window 50, and the checkout is two commits behind. So there are
 * commits that Forgejo alone knows (`pushed`), that both know (`shared`), and that are too old for Forgejo (`old`).
 */
import assert from "node:assert/strict";
import { UPDATE_LAB_HOST } from "../../lib/wire/mod.ts";
import {
  apiError,
  badGateway,
  type FakeForgejo,
  type FakeForgejoOptions,
  type Interfere,
  startFakeForgejo,
} from "../fakes/forgejo.ts";
import { Lab, type LabOptions, withDirectory } from "./lab.ts";
import { addCommits, git, makeRepository, stampsOf } from "./repository.ts";

interface Case {
  readonly name: string;
  /** What stands between Forgejo and the receiver; "none": it is not configured. */
  readonly forgejo?: Interfere | "none" | "refuses connections";
  readonly fake?: Partial<FakeForgejoOptions>;
  readonly token?: () => string;
  /** "none": `local_repo_path = ""`; "unset": not set, and not there. */
  readonly checkout?: "none" | "unset" | "missing";
  /** Age in hours of the window known last; it holds what Forgejo has now. */
  readonly lastKnownHours?: number;
  readonly options?: LabOptions;
  readonly source: "forgejo" | "git-fallback" | "last-known" | undefined;
  /** A line that is logged while the sources are read. */
  readonly log: RegExp;
  /** The answers to a PUT of the commit that was pushed last, of one that all know, and of one that is too old. */
  readonly puts: readonly [pushed: string, shared: string, old: string];
  /** The same, after Forgejo has been silent for 11 minutes. */
  readonly later?: readonly [pushed: string, shared: string, old: string];
}

const ACCEPTED = "201";
const OUTSIDE = "412 out-of-window";
const UNKNOWN = "503 commit-unknown";
const NO_WINDOW = "503 window-unknown";

const answers =
  (status: number, body = "", headers: Record<string, string> = {}): Interfere => () =>
    new Response(status === 304 ? null : body, { status, headers });
const html = { "content-type": "text/html" };

/** Answers that are none: the repository takes over, and nothing it lacks is refused for ten minutes. */
const NO_ANSWERS: readonly { name: string; forgejo: Case["forgejo"]; why: RegExp }[] = [
  { name: "refuses connections", forgejo: "refuses connections", why: /can't be reached/ },
  {
    name: "does not answer in time",
    forgejo: ({ signal }) =>
      new Promise((resolve) => signal.addEventListener("abort", () => resolve(undefined))),
    why: /gave no whole answer in/,
  },
  {
    name: "stops in the middle of its answer",
    forgejo: () =>
      new Response(
        new ReadableStream({ start: (to) => to.enqueue(new TextEncoder().encode("[")) }),
      ),
    why: /gave no whole answer in/,
  },
  { name: "answers 401", forgejo: () => apiError(401, "token"), why: /401: put a valid token/ },
  {
    name: "answers 403",
    forgejo: () => apiError(403, "scope"),
    why: /403: the token needs the scope read:repository/,
  },
  {
    name: "answers 404",
    forgejo: () => apiError(404, ""),
    why: /404: no branch main of lab\/code, or it is not public/,
  },
  { name: "answers 409", forgejo: () => apiError(409, ""), why: /409: the repository is empty/ },
  { name: "answers 429", forgejo: answers(429), why: /answered 429/ },
  { name: "answers 500", forgejo: () => apiError(500, ""), why: /answered 500/ },
  { name: "is behind a proxy that answers 502", forgejo: badGateway, why: /answered 502/ },
  { name: "answers 503", forgejo: answers(503), why: /answered 503/ },
  {
    name: "is behind a redirect",
    forgejo: answers(302, "", { location: "https://forgejo.lab/user/login" }),
    why: /302: a redirect to https:\/\/forgejo\.lab\/user\/login; set window\.forgejo_url/,
  },
  {
    name: "answers with a page for people",
    forgejo: answers(200, "<html>Sign in</html>", html),
    why: /something \(text\/html\) that is no list of commits; does window\.forgejo_url lead/,
  },
  { name: "answers with other JSON", forgejo: answers(200, "{}"), why: /no list of commits/ },
  { name: "answers with an empty list", forgejo: answers(200, "[]"), why: /has no commit on main/ },
  { name: "answers with an empty body", forgejo: answers(200), why: /no list of commits/ },
  {
    name: "has commits named by SHA-256",
    forgejo: answers(200, JSON.stringify([{ sha: "a".repeat(64) }])),
    why: /not named by SHA-1/,
  },
  { name: "answers 304 to no condition", forgejo: answers(304), why: /answered 304/ },
];

const CASES: readonly Case[] = [
  {
    name: "Forgejo answers",
    source: "forgejo",
    log: /50 commits are accepted.* event=window-read source=forgejo size=50/,
    puts: [ACCEPTED, ACCEPTED, OUTSIDE],
  },
  {
    name: "Forgejo caps the limit at 7 commits a page",
    fake: { cap: 7 },
    source: "forgejo",
    log: /source=forgejo size=50/,
    puts: [ACCEPTED, ACCEPTED, OUTSIDE],
  },
  {
    name: "a proxy takes Forgejo's headers away",
    fake: { cap: 7, without: ["x-hasmore", "x-total-count", "link"] },
    source: "forgejo",
    log: /source=forgejo size=50/,
    puts: [ACCEPTED, ACCEPTED, OUTSIDE],
  },
  {
    name: "the token is the right one",
    fake: { token: "s3cret" },
    token: () => "s3cret",
    source: "forgejo",
    log: /source=forgejo size=50/,
    puts: [ACCEPTED, ACCEPTED, OUTSIDE],
  },
  {
    name: "the token is wrong",
    fake: { token: "s3cret" },
    token: () => "other",
    source: "git-fallback",
    log: /event=window-failed source=forgejo why=".*401: put a valid token into window\.forgejo_/,
    puts: [UNKNOWN, ACCEPTED, UNKNOWN],
    later: [OUTSIDE, ACCEPTED, OUTSIDE],
  },
  {
    name: "the repository is private and no token is configured",
    fake: { token: "s3cret" },
    source: "git-fallback",
    log: /event=window-failed source=forgejo why=".*404.*window\.forgejo_token_file/,
    puts: [UNKNOWN, ACCEPTED, UNKNOWN],
    later: [OUTSIDE, ACCEPTED, OUTSIDE],
  },
  {
    name: "the token's file can't be read",
    token: () => {
      throw new Error("/etc/cis490/forgejo-token: no such file");
    },
    source: "git-fallback",
    log: /window\.forgejo_token_file can't be read: \/etc\/cis490\/forgejo-token: no such file/,
    puts: [UNKNOWN, ACCEPTED, UNKNOWN],
    later: [OUTSIDE, ACCEPTED, OUTSIDE],
  },
  ...NO_ANSWERS.map(({ name, forgejo, why }): Case => ({
    name: `Forgejo ${name}`,
    forgejo: must(forgejo),
    source: "git-fallback",
    log: new RegExp(`event=window-failed source=forgejo why=.*${why.source}`),
    puts: [UNKNOWN, ACCEPTED, UNKNOWN],
    later: [OUTSIDE, ACCEPTED, OUTSIDE],
  })),
  {
    name: "Forgejo is away, the window known last is 71 hours old, the checkout behind it",
    forgejo: badGateway,
    lastKnownHours: 71,
    source: "git-fallback",
    log: /event=window-read source=git-fallback size=52/,
    puts: [ACCEPTED, ACCEPTED, UNKNOWN],
    later: [ACCEPTED, ACCEPTED, OUTSIDE],
  },
  {
    name: "Forgejo is away, the window known last is 73 hours old",
    forgejo: badGateway,
    lastKnownHours: 73,
    source: "git-fallback",
    log: /event=window-read source=git-fallback size=50/,
    puts: [UNKNOWN, ACCEPTED, UNKNOWN],
    later: [OUTSIDE, ACCEPTED, OUTSIDE],
  },
  {
    name: "Forgejo is away, there is no repository, the window known last is 71 hours old",
    forgejo: badGateway,
    checkout: "none",
    lastKnownHours: 71,
    source: "last-known",
    log: /event=window-read source=last-known size=50 newest=\w{40} age_s=25560\d/,
    puts: [ACCEPTED, ACCEPTED, UNKNOWN],
    later: [ACCEPTED, ACCEPTED, OUTSIDE],
  },
  {
    name: "Forgejo is away, the repository is not there, the window known last is from the future",
    forgejo: badGateway,
    checkout: "missing",
    lastKnownHours: -1000,
    source: "last-known",
    log: /event=window-failed source=git-fallback why=".*Set window\.local_repo_path/,
    puts: [ACCEPTED, ACCEPTED, UNKNOWN],
    later: [ACCEPTED, ACCEPTED, OUTSIDE],
  },
  {
    name: "Forgejo is away, there is no repository, the window known last is 73 hours old",
    forgejo: badGateway,
    checkout: "none",
    lastKnownHours: 73,
    source: undefined,
    log: /event=window-lost why="no source answers, and the window known last is older than 72 h/,
    puts: [NO_WINDOW, NO_WINDOW, NO_WINDOW],
    later: [NO_WINDOW, NO_WINDOW, NO_WINDOW],
  },
  {
    name: "Forgejo is away, nobody named a repository, nothing is known",
    forgejo: badGateway,
    checkout: "unset",
    source: undefined,
    log: /event=window-lost why="no source has answered yet; see window\.forgejo_url/,
    puts: [NO_WINDOW, NO_WINDOW, NO_WINDOW],
    later: [NO_WINDOW, NO_WINDOW, NO_WINDOW],
  },
  {
    name: "no Forgejo: the repository is trusted at once",
    forgejo: "none",
    source: "git-fallback",
    log: /event=window-read source=git-fallback size=50/,
    puts: [OUTSIDE, ACCEPTED, OUTSIDE],
  },
  {
    name: "no Forgejo: what was known last does not widen what the repository says",
    forgejo: "none",
    lastKnownHours: 1,
    source: "git-fallback",
    log: /event=window-rewritten source=git-fallback gone=2 before=50 size=50/,
    puts: [OUTSIDE, ACCEPTED, OUTSIDE],
  },
  {
    name: "neither Forgejo nor a repository",
    forgejo: "none",
    checkout: "none",
    source: undefined,
    log: /event=window-lost/,
    puts: [NO_WINDOW, NO_WINDOW, NO_WINDOW],
  },
];

function must<T>(value: T | undefined): T {
  assert.ok(value !== undefined);
  return value;
}

/** The upstream repository and a checkout that was cloned two commits ago; made once for all cases. */
async function makeRepositories(directory: string) {
  const upstream = `${directory}/upstream`;
  const checkout = `${directory}/checkout`;
  await makeRepository(upstream, 58);
  await git(directory, "clone", "-q", upstream, checkout);
  await addCommits(upstream, 2);
  const stamps = await stampsOf(upstream);
  return {
    upstream,
    checkout,
    stamps,
    pushed: must(stamps[0]),
    shared: must(stamps[10]),
    old: must(stamps[55]),
  };
}

type Repositories = Awaited<ReturnType<typeof makeRepositories>>;

async function runCase(row: Case, directory: string, repositories: Repositories): Promise<void> {
  const { upstream, checkout, stamps } = repositories;
  await Deno.mkdir(directory);
  await using forgejo = startFakeForgejo({ repository: upstream, ...row.fake });
  if (typeof row.forgejo === "function") forgejo.interfere = row.forgejo;
  if (row.lastKnownHours !== undefined) {
    await writeLastKnown(directory, stamps.slice(0, 50), row.lastKnownHours);
  }
  const lab = await Lab.start(directory, optionsOf(row, forgejo, checkout));
  await lab.window.refresh();

  assert.equal(lab.window.current()?.source, row.source, lab.lines.join("\n"));
  assert.match(lab.lines.join("\n"), row.log);
  const { pushed, shared, old } = repositories;
  await checkPuts(lab, [pushed, shared, old], row.puts);
  if (row.later !== undefined) {
    lab.pass(11);
    await checkPuts(lab, [pushed, shared, old], row.later);
  }
  // What goes wrong again and again is said once.
  const said = lab.lines.filter((line) => line.includes("event=window-"));
  assert.deepEqual(said, [...new Set(said)]);
  await lab.settle();
}

function optionsOf(row: Case, forgejo: FakeForgejo, checkout: string): LabOptions {
  const paths = { none: undefined, unset: "/nowhere/.git", missing: "/nowhere" } as const;
  const path = row.checkout === undefined ? checkout : paths[row.checkout];
  // A port that was free a moment ago on a loopback address that nobody uses.
  const url = row.forgejo === "refuses connections"
    ? forgejo.url.replace("127.0.0.1", "127.94.90.1")
    : forgejo.url;
  return {
    forgejo: row.forgejo === "none"
      ? undefined
      : { url, repository: "lab/code", readToken: row.token },
    localRepo: path === undefined ? undefined : { path, ifPresent: row.checkout === "unset" },
    ...row.options,
  };
}

async function checkPuts(lab: Lab, stamps: readonly string[], expected: readonly string[]) {
  for (const [at, stamp] of stamps.entries()) {
    const { answer, problem } = await lab.put(stamp);
    assert.equal(answer, expected[at], `put ${at}: ${lab.lines.join("\n")}`);
    if (answer === OUTSIDE) {
      const { age_s, ...told } = must(problem);
      const { source, commits } = must(lab.window.current());
      const { stamp: toldStamp, source: toldSource, newest, remediation } = told;
      assert.deepEqual(
        [toldStamp, toldSource, newest, remediation],
        [stamp, source, commits[0], UPDATE_LAB_HOST],
      );
      assert.ok(must(age_s) >= 0);
    }
    // The next unknown commit is looked up anew.
    lab.pass(10 / 60);
  }
}

async function writeLastKnown(directory: string, commits: readonly string[], hours: number) {
  const read_at = new Date(Date.now() - hours * 3600_000).toISOString();
  const window = { branch: "main", source: "forgejo", read_at, commits };
  await Deno.writeTextFile(`${directory}/window.json`, JSON.stringify(window));
}

Deno.test({
  name: "the window's sources, case by case",
  // The client for Forgejo lives as long as the process.
  sanitizeResources: false,
  async fn(test) {
    await withDirectory(async (directory) => {
      const repositories = await makeRepositories(directory);
      for (const [at, row] of CASES.entries()) {
        await test.step(row.name, () => runCase(row, `${directory}/${at}`, repositories));
      }
    });
  },
});
