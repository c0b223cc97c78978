/** What happens to the gate when the world changes under a running receiver. */
import assert from "node:assert/strict";
import { parseWindow } from "../../lib/wire/mod.ts";
import { badGateway, type FakeForgejo, startFakeForgejo } from "../fakes/forgejo.ts";
import { Lab, type LabOptions, stampOf, withDirectory } from "./lab.ts";
import { addCommits, git, makeRepository, stampsOf } from "./repository.ts";

interface Scene {
  readonly directory: string;
  readonly upstream: string;
  readonly forgejo: FakeForgejo;
  readonly start: (options?: LabOptions) => Promise<Lab>;
}

function scene(name: string, play: (scene: Scene) => Promise<void>): void {
  Deno.test({
    name,
    // The client for Forgejo lives as long as the process.
    sanitizeResources: false,
    fn: () =>
      withDirectory(async (directory) => {
        const upstream = `${directory}/upstream`;
        await makeRepository(upstream, 20);
        await using forgejo = startFakeForgejo({ repository: upstream });
        const start = async (options: LabOptions = {}) => {
          const lab = await Lab.start(directory, {
            forgejo: { url: forgejo.url, repository: "lab/code", readToken: undefined },
            ...options,
          });
          await lab.window.refresh();
          return lab;
        };
        await play({ directory, upstream, forgejo, start });
      }),
  });
}

const UNKNOWN = "f".repeat(40);

scene("a commit that was pushed a moment ago is accepted", async ({ upstream, start }) => {
  const lab = await start();
  await addCommits(upstream, 1);
  const [pushed = ""] = await stampsOf(upstream);
  assert.equal((await lab.put(pushed)).answer, "201");
});

scene("a force push is believed and said: the window may shrink", async ({ upstream, start }) => {
  const lab = await start();
  const before = await stampsOf(upstream);
  await git(upstream, "update-ref", "refs/heads/main", "main~15");
  await addCommits(upstream, 1, " rewritten");
  await lab.window.refresh();

  const [newest] = await stampsOf(upstream);
  assert.equal(lab.window.current()?.commits.length, 6);
  const said = lab.lines.find((line) => line.includes("event=window-rewritten")) ?? "";
  assert.match(said, /^15 of 20 accepted commits are gone.*the branch was rewritten/);
  assert.ok(said.includes(`source=forgejo gone=15 before=20 size=6 was=${before[0]}`), said);
  assert.ok(said.includes(`newest=${newest}`), said);
  const { answer, problem } = await lab.put(before[0] ?? "");
  assert.equal(answer, "412 out-of-window");
  assert.equal(problem?.newest, newest);
});

scene(
  "more new commits at once than the window holds are said, since they look like a rewritten branch",
  async ({
    upstream,
    start,
  }) => {
    const lab = await start({ windowCommits: 5 });
    await addCommits(upstream, 6);
    await lab.window.refresh();
    assert.deepEqual(lab.window.current()?.commits, (await stampsOf(upstream)).slice(0, 5));
    assert.match(lab.lines.join("\n"), /or grew by more than the window at once/);
  },
);

scene("a restart while Forgejo is away knows the window of before", async ({
  forgejo,
  upstream,
  start,
}) => {
  const first = await start();
  await first.settle();
  forgejo.interfere = badGateway;
  const second = await start();
  assert.equal(second.window.current()?.source, "last-known");
  const [newest = ""] = await stampsOf(upstream);
  assert.equal((await second.put(newest)).answer, "201");
  await addCommits(upstream, 1);
  const [pushed = ""] = await stampsOf(upstream);
  assert.equal((await second.put(pushed)).answer, "503 commit-unknown");

  forgejo.interfere = () => undefined;
  second.pass(1);
  assert.equal((await second.put(pushed)).answer, "201");
  assert.equal(second.window.current()?.source, "forgejo");
});

scene("pinned commits are accepted, and GET /v1/window shows them", async ({
  forgejo,
  upstream,
  start,
}) => {
  const lab = await start({ acceptExtra: [stampOf(UNKNOWN)] });
  assert.equal((await lab.put(UNKNOWN)).answer, "201");
  const response = await lab.get("/v1/window");
  const window = parseWindow(await response.text());
  assert.deepEqual(window?.commits, [...await stampsOf(upstream), UNKNOWN]);
  assert.equal(window?.source, "forgejo");
  const again = await lab.get("/v1/window", {
    "if-none-match": response.headers.get("etag") ?? "",
  });
  assert.equal(again.status, 304);
  await lab.settle();

  // They are not taken for the branch's own, so a configuration without them forgets them.
  forgejo.interfere = badGateway;
  const without = await start();
  assert.ok(!without.window.current()?.commits.includes(stampOf(UNKNOWN)));
  assert.equal(without.window.current()?.source, "last-known");
});

scene("what is known of another branch is not used", async ({ forgejo, start }) => {
  await (await start()).settle();
  forgejo.interfere = badGateway;
  const lab = await start({ branch: "release" });
  assert.equal(lab.window.current(), undefined);
  assert.match(
    lab.lines.join("\n"),
    /event=window-failed source=last-known why=".*is of branch main/,
  );
});
