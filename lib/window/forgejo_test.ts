import assert from "node:assert/strict";
import {
  apiError,
  type FakeForgejo,
  type FakeForgejoOptions,
  startFakeForgejo,
} from "../../tests/fakes/forgejo.ts";
import { withDirectory } from "../../tests/window/lab.ts";
import { addCommits, git, makeRepository, stampsOf } from "../../tests/window/repository.ts";
import { type ForgejoOptions, forgejoSource } from "./forgejo.ts";
import { createRequestText } from "./http.ts";
import { type CommitSource, WindowError } from "./source.ts";

interface Scene {
  readonly repository: string;
  readonly forgejo: FakeForgejo;
  readonly source: CommitSource;
}

function scene(
  name: string,
  about: { commits: number; fake?: Partial<FakeForgejoOptions>; options?: Partial<ForgejoOptions> },
  play: (scene: Scene) => Promise<void>,
): void {
  Deno.test({
    name,
    // The client lives as long as the process.
    sanitizeResources: false,
    fn: () =>
      withDirectory(async (root) => {
        const repository = `${root}/upstream`;
        await makeRepository(repository, about.commits);
        await using forgejo = startFakeForgejo({ repository, ...about.fake });
        const source = forgejoSource({
          request: createRequestText(forgejo.url),
          monotonic: () => performance.now(),
        }, {
          url: forgejo.url,
          repository: "lab/code",
          branch: "main",
          commits: 50,
          userAgent: "cis490/test",
          ...about.options,
        });
        await play({ repository, forgejo, source });
      }),
  });
}

const pages = ({ requests }: FakeForgejo) =>
  requests.map((query) => `${query.get("sha")?.slice(0, 4)} ${query.get("page")}`);

scene(
  "pages are asked for until the window is full, all of them from the first page's commit",
  { commits: 130, options: { commits: 120 } },
  async ({ repository, forgejo, source }) => {
    const stamps = await stampsOf(repository);
    assert.deepEqual(await source.read(), stamps.slice(0, 120));
    const tip = stamps[0]?.slice(0, 4);
    assert.deepEqual(pages(forgejo), ["main 1", `${tip} 2`, `${tip} 3`]);
    const [first] = forgejo.requests;
    assert.deepEqual(Object.fromEntries(first ?? []), {
      sha: "main",
      limit: "100",
      page: "1",
      stat: "false",
      verification: "false",
      files: "false",
    });
  },
);

scene(
  "a push between two pages shifts nothing",
  { commits: 60, fake: { cap: 10 } },
  async ({ repository, forgejo, source }) => {
    const before = await stampsOf(repository);
    forgejo.interfere = async () => {
      if (forgejo.requests.length === 3) await addCommits(repository, 5);
      return undefined;
    };
    assert.deepEqual(await source.read(), before.slice(0, 50));
    assert.deepEqual(await source.read(), (await stampsOf(repository)).slice(0, 50));
  },
);

scene(
  "while the first commit is the same, one page is enough",
  { commits: 60, fake: { cap: 10 } },
  async ({ repository, forgejo, source }) => {
    const first = await source.read();
    assert.equal(forgejo.requests.length, 5);
    assert.deepEqual(await source.read(), first);
    assert.equal(forgejo.requests.length, 6);
    await addCommits(repository, 1);
    assert.notDeepEqual(await source.read(), first);
    assert.equal(forgejo.requests.length, 11);
  },
);

scene(
  "an ETag is given back, and 304 means what was read before",
  { commits: 3, fake: { etag: true } },
  async ({ repository, forgejo, source }) => {
    const statuses: boolean[] = [];
    forgejo.interfere = ({ headers }) => {
      statuses.push(headers.has("if-none-match"));
      return undefined;
    };
    const first = await source.read();
    assert.deepEqual(await source.read(), first);
    await addCommits(repository, 1);
    assert.deepEqual(await source.read(), await stampsOf(repository));
    assert.deepEqual(statuses, [false, true, true]);
  },
);

scene(
  "a history shorter than the window is read whole, also when only X-Total-Count tells its end",
  { commits: 12, fake: { cap: 5, without: ["x-hasmore"] } },
  async ({ repository, forgejo, source }) => {
    assert.deepEqual(await source.read(), await stampsOf(repository));
    assert.equal(forgejo.requests.length, 3);
  },
);

scene(
  "a server that gives its first page for every number comes to an end, and is not believed",
  { commits: 60, fake: { cap: 10 } },
  async ({ forgejo, source }) => {
    const url = forgejo.url;
    forgejo.interfere = (request) => {
      const again = new URL(request.url);
      if (again.searchParams.get("page") === "1") return undefined;
      again.searchParams.set("page", "1");
      return fetch(`${url}${again.pathname}${again.search}`);
    };
    await assert.rejects(
      source.read(),
      (error) => error instanceof WindowError && /gave 10 commits, and not/.test(error.message),
    );
  },
);

scene(
  "a page without a commit is not the end when the history goes on",
  { commits: 60, fake: { cap: 10, without: ["x-hasmore", "x-total-count"] } },
  async ({ forgejo, source }) => {
    forgejo.interfere = () => forgejo.requests.length > 2 ? new Response("[]") : undefined;
    await assert.rejects(source.read(), WindowError);
    forgejo.interfere = () => undefined;
    assert.equal((await source.read()).length, 50);
  },
);

scene(
  "a later page that fails makes the reading fail: a part of the window would refuse the rest",
  { commits: 60, fake: { cap: 10 } },
  async ({ forgejo, source }) => {
    forgejo.interfere = () => forgejo.requests.length > 2 ? apiError(500, "") : undefined;
    await assert.rejects(source.read(), WindowError);
  },
);

scene(
  "merges, other branches and a name with a slash are Forgejo's to sort out",
  { commits: 3, options: { branch: "release/1.0" } },
  async ({ repository, source }) => {
    await git(repository, "checkout", "-q", "-b", "release/1.0", "main~1");
    await git(repository, "commit", "-q", "--allow-empty", "-m", "side");
    await git(repository, "merge", "-q", "--no-ff", "-m", "merge", "main");
    assert.deepEqual(await source.read(), await stampsOf(repository, "release/1.0"));
  },
);

{
  let token = "old";
  scene(
    "the token is read anew for each reading, and in no message",
    { commits: 3, fake: { token: "new-s3cret" }, options: { readToken: () => token } },
    async ({ source }) => {
      await assert.rejects(source.read(), (error) => {
        assert.ok(error instanceof WindowError && error.code === "refused");
        assert.ok(!error.message.includes("old"));
        return true;
      });
      token = "new-s3cret";
      assert.equal((await source.read()).length, 3);
    },
  );
}

scene(
  "a reading that is told to stop stops",
  { commits: 3 },
  async ({ forgejo, source }) => {
    forgejo.interfere = ({ signal }) =>
      new Promise((resolve) => signal.addEventListener("abort", () => resolve(undefined)));
    const stop = new AbortController();
    const reading = source.read(stop.signal);
    setTimeout(() => stop.abort(), 20);
    await assert.rejects(reading, WindowError);
  },
);
