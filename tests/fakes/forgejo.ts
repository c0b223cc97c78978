/**
 * A fake of Forgejo: `GET /api/v1/repos/{owner}/{repo}/commits` over a real repository, with the answers, headers and caps
 * of the real one (Gitea's are the same) as its source has them, routers/api/v1/repo/commits.go: paging by `limit` and
 * `page`, X-HasMore and its kin, Link, the shape of a commit, 401, 403, 404 and 409 with a message in JSON.
 */
import { git } from "../window/repository.ts";

export interface FakeForgejoOptions {
  /** A directory that git knows. */
  readonly repository: string;
  /** `owner/name`; "lab/code" unless said. */
  readonly name?: string;
  /** Asked for when it is set; without it, the repository is hidden, as a private one is. */
  readonly token?: string;
  /** `[api] MAX_RESPONSE_ITEMS`. */
  readonly cap?: number;
  /** Answers with an ETag and to If-None-Match, as a cache in front of Forgejo does. */
  readonly etag?: boolean;
  /** Header fields that a proxy in front takes away. */
  readonly without?: readonly string[];
}

/** An answer in place of the fake's own; undefined lets the request through. */
export type Interfere = (request: Request) => Response | undefined | Promise<Response | undefined>;

export interface FakeForgejo extends AsyncDisposable {
  readonly url: string;
  /** The queries that came, in order. */
  readonly requests: URLSearchParams[];
  /** Set by a test. */
  interfere: Interfere;
}

export function startFakeForgejo(options: FakeForgejoOptions): FakeForgejo {
  const fake = { requests: [] as URLSearchParams[], interfere: (() => undefined) as Interfere };
  const handler = async (request: Request) => {
    fake.requests.push(new URL(request.url).searchParams);
    return await fake.interfere(request) ?? await answer(options, request);
  };
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, handler);
  return Object.assign(fake, {
    url: `http://127.0.0.1:${server.addr.port}`,
    [Symbol.asyncDispose]: () => server.shutdown(),
  });
}

/** An error of the API. */
export function apiError(status: number, message: string): Response {
  return json({ message, url: "http://127.0.0.1:3000/api/swagger" }, { status });
}

/** What a proxy in front says while Forgejo restarts. */
export function badGateway(): Response {
  return new Response("<html><body>502 Bad Gateway</body></html>", {
    status: 502,
    headers: { "content-type": "text/html" },
  });
}

async function answer(options: FakeForgejoOptions, request: Request): Promise<Response> {
  const { repository, name = "lab/code", token, cap = 50 } = options;
  const url = new URL(request.url);
  const credentials = request.headers.get("authorization");
  if (credentials !== null && credentials !== `token ${token}`) {
    return apiError(401, "invalid username, password or token");
  }
  const isHidden = token !== undefined && credentials === null;
  if (url.pathname !== `/api/v1/repos/${name}/commits` || isHidden) return notFound();
  if (await git(repository, "rev-list", "--all", "-n", "1") === "") {
    return apiError(409, "Git Repository is empty.");
  }
  const number = (key: string) => Number(url.searchParams.get(key) ?? "0");
  const tip = await resolve(repository, url.searchParams.get("sha") ?? "");
  if (tip === undefined) return notFound();
  const perPage = number("limit") <= 0 ? Math.min(30, cap) : Math.min(number("limit"), cap);
  const page = Math.max(1, number("page"));
  const list = ["log", "--format=%H%x09%P%x09%cI%x09%s", `--skip=${(page - 1) * perPage}`];
  const lines = (await git(repository, ...list, "-n", `${perPage}`, tip)).split("\n");
  const commits = lines.filter((line) => line !== "").map((line) => commitOf(line, url, name));
  const total = Number(await git(repository, "rev-list", "--count", tip));
  const headers = pageHeaders(url, { page, perPage, total });
  for (const field of options.without ?? []) headers.delete(field);
  if (options.etag === true) {
    const etag = `W/"${tip}-${page}-${perPage}"`;
    if (request.headers.get("if-none-match") === etag) {
      return new Response(null, { status: 304, headers: { etag } });
    }
    headers.set("etag", etag);
  }
  return json(commits, { headers });
}

/** A branch before a tag of the same name, then anything that git can resolve. */
async function resolve(repository: string, ref: string): Promise<string | undefined> {
  for (const name of [`refs/heads/${ref}`, ref]) {
    try {
      return await git(repository, "rev-parse", "--verify", "--quiet", `${name}^{commit}`);
    } catch {
      // The next one.
    }
  }
  return undefined;
}

function commitOf(line: string, { origin }: URL, name: string): unknown {
  const [sha = "", parents = "", created = "", message = ""] = line.split("\t");
  const api = `${origin}/api/v1/repos/${name}/git`;
  const person = { name: "lab", email: "lab@example.com", date: created };
  return {
    url: `${api}/commits/${sha}`,
    sha,
    created,
    html_url: `${origin}/${name}/commit/${sha}`,
    commit: {
      url: `${api}/commits/${sha}`,
      author: person,
      committer: person,
      message: `${message}\n`,
      tree: { url: `${api}/trees/${sha}`, sha, created },
      verification: null,
    },
    author: null,
    committer: null,
    parents: parents.split(" ").filter((sha) => sha !== "").map((sha) => ({
      url: `${api}/commits/${sha}`,
      sha,
      created: "0001-01-01T00:00:00Z",
    })),
    files: null,
    stats: null,
  };
}

function pageHeaders(
  url: URL,
  { page, perPage, total }: { page: number; perPage: number; total: number },
): Headers {
  const pages = Math.ceil(total / perPage);
  // The real one builds these from its ROOT_URL, which is not always the way that the client came.
  const link = (number: number, relation: string) => {
    const query = new URLSearchParams(url.searchParams);
    query.set("page", `${number}`);
    return `<http://forgejo.invalid${url.pathname}?${query}>; rel="${relation}"`;
  };
  const links = [
    ...(page < pages ? [link(page + 1, "next"), link(pages, "last")] : []),
    ...(page > 1 ? [link(1, "first"), link(page - 1, "prev")] : []),
  ];
  return new Headers({
    "cache-control": "max-age=0, private, must-revalidate, no-transform",
    "x-total-count": `${total}`,
    "x-page": `${page}`,
    "x-perpage": `${perPage}`,
    "x-total": `${total}`,
    "x-pagecount": `${pages}`,
    "x-hasmore": `${page < pages}`,
    ...(links.length > 0 ? { link: links.join(",") } : {}),
  });
}

function notFound(): Response {
  const message = "The target couldn't be found.";
  return json({ errors: [], message, url: "http://127.0.0.1:3000/api/swagger" }, { status: 404 });
}

function json(value: unknown, init: { status?: number; headers?: Headers }): Response {
  const response = Response.json(value, init);
  response.headers.set("content-type", "application/json;charset=utf-8");
  return response;
}
