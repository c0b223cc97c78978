import assert from "node:assert/strict";
import { findStamp, type Stamp } from "../episode/mod.ts";
import { createLog } from "../events/mod.ts";
import { VirtualClock } from "../../tests/window/virtual_clock.ts";
import { ModelFs } from "../../tests/model/filesystem.ts";
import { WindowKeeper } from "./keeper.ts";
import { LastKnown } from "./last_known.ts";
import { type CommitSource, WindowError } from "./source.ts";

const MINUTE_MS = 60_000;

function stamp(digit: string): Stamp {
  const found = findStamp(digit.repeat(40));
  assert.ok(found);
  return found;
}

const [a, b, c] = [stamp("a"), stamp("b"), stamp("c")];

/** A source whose answer a test changes; undefined: it does not answer. Answering takes `ms`. */
class TestSource implements CommitSource {
  commits: Stamp[] | undefined;
  reads = 0;
  ms = 0;

  constructor(readonly name: CommitSource["name"], private readonly clock: VirtualClock) {}

  async read(): Promise<readonly Stamp[]> {
    this.reads++;
    const commits = this.commits;
    if (this.ms > 0) await this.clock.sleep(this.ms);
    if (commits === undefined) throw new WindowError("unreachable", this.name, "no answer");
    return commits;
  }
}

interface SetUp {
  readonly forgejo?: boolean;
  readonly repository?: boolean;
  readonly pinned?: readonly Stamp[];
}

function setUp({ forgejo = false, repository = false, pinned = [] }: SetUp) {
  const clock = new VirtualClock();
  const lines: string[] = [];
  const log = createLog((line) => lines.push(line), { priority: false });
  const sources = {
    forgejo: new TestSource("forgejo", clock),
    repository: new TestSource("git-fallback", clock),
  };
  const fs = new ModelFs(0n);
  const keeper = new WindowKeeper({
    forgejo: forgejo ? sources.forgejo : undefined,
    repository: repository ? sources.repository : undefined,
    lastKnown: new LastKnown({ fs, clock, log }, { path: "/window.json", branch: "main" }),
    clock,
    random: () => 0.5,
    log,
  }, {
    branch: "main",
    refreshMs: MINUTE_MS,
    maxStaleMs: 72 * 60 * MINUTE_MS,
    acceptExtra: pinned,
  });
  /** What `judge` says, and how long it takes. */
  const judged = async (stamp: Stamp) => {
    const beganMs = clock.monotonic();
    let ended: { kind: string; ms: number } | undefined;
    keeper.judge(stamp).then(({ kind }) => {
      ended = { kind, ms: clock.monotonic() - beganMs };
    });
    for (let i = 0; i < 1000 && ended === undefined; i++) await clock.pass(100);
    assert.ok(ended, "judge came to no end");
    return ended;
  };
  return { clock, lines, ...sources, keeper, judged };
}

Deno.test("without any answer there is no window, and no commit is out of it", async () => {
  const { keeper, judged } = setUp({ forgejo: true, repository: true });
  assert.deepEqual(await judged(a), { kind: "no-window", ms: 0 });
  assert.equal(keeper.current(), undefined);
  assert.equal(keeper.status(), undefined);
});

Deno.test("a pinned commit is accepted with and without a window, and stands in it", async () => {
  const { keeper, judged, forgejo } = setUp({ forgejo: true, pinned: [c] });
  assert.equal((await judged(c)).kind, "accepted");
  forgejo.commits = [b, a];
  await keeper.refresh();
  assert.deepEqual(keeper.current()?.commits, [b, a, c]);
  assert.equal((await judged(c)).kind, "accepted");
});

Deno.test("a repository alone is looked up before it refuses, at most every 10 s, and trusted meanwhile", async () => {
  const { judged, repository, clock } = setUp({ repository: true });
  repository.commits = [a];
  assert.deepEqual(await judged(b), { kind: "out-of-window", ms: 0 });
  assert.equal(repository.reads, 1);
  repository.commits = [b, a];
  assert.deepEqual(await judged(b), { kind: "out-of-window", ms: 0 });
  assert.equal(repository.reads, 1);
  await clock.pass(10_000);
  assert.deepEqual(await judged(b), { kind: "accepted", ms: 0 });
  assert.equal(repository.reads, 2);
});

Deno.test("with Forgejo no commit is refused before a reading that began after the question", async () => {
  const { judged, forgejo, clock } = setUp({ forgejo: true });
  forgejo.commits = [a];
  forgejo.ms = 1000;
  // The second question comes when the reading has begun already, and what it gives is older than the question.
  const [first, second] = [judged(b), clock.pass(500).then(() => judged(c))];
  forgejo.commits = [c, a];
  assert.deepEqual(await first, { kind: "out-of-window", ms: 1000 });
  assert.equal((await second).kind, "accepted");
  assert.equal(forgejo.reads, 2);
});

Deno.test("questions within 10 s share one more reading of Forgejo, and wait for it", async () => {
  const { judged, forgejo, keeper, clock } = setUp({ forgejo: true });
  forgejo.commits = [a];
  assert.equal((await judged(b)).kind, "out-of-window");
  const answers = [keeper.judge(b), keeper.judge(c), keeper.judge(b)];
  forgejo.commits = [c, a];
  await clock.pass(10_000);
  assert.deepEqual((await Promise.all(answers)).map(({ kind }) => kind), [
    "out-of-window",
    "accepted",
    "out-of-window",
  ]);
  assert.equal(forgejo.reads, 2);
});

Deno.test("a Forgejo that answers too slowly for a request gets nothing refused", async () => {
  const { judged, forgejo, keeper } = setUp({ forgejo: true });
  forgejo.commits = [a];
  await keeper.refresh();
  forgejo.ms = 40_000;
  assert.deepEqual(await judged(b), { kind: "unknown-yet", ms: 30_000 });
});

Deno.test("an unknown commit is refused when Forgejo has been silent for 10 minutes, not before", async () => {
  const { judged, forgejo, repository, keeper, clock } = setUp({ forgejo: true, repository: true });
  forgejo.commits = [a];
  await keeper.refresh();
  await clock.pass(3 * MINUTE_MS);
  forgejo.commits = undefined;
  repository.commits = [a];
  assert.equal((await judged(b)).kind, "unknown-yet");
  assert.equal(keeper.status()?.forgejoSilentS, 0);
  await clock.pass(10 * MINUTE_MS - 1000);
  assert.equal((await judged(b)).kind, "unknown-yet");
  await clock.pass(10_000);
  assert.equal((await judged(b)).kind, "out-of-window");
  assert.equal((await judged(a)).kind, "accepted");
  assert.equal(keeper.current()?.source, "git-fallback");
  assert.ok((keeper.status()?.forgejoSilentS ?? 0) >= 600);

  forgejo.commits = [b, a];
  await clock.pass(10_000);
  assert.equal((await judged(b)).kind, "accepted");
  assert.equal(keeper.status()?.forgejoSilentS, undefined);
});

Deno.test("a reading that began within the 10 minutes refuses nothing when it fails after them", async () => {
  const { judged, forgejo, keeper, clock } = setUp({ forgejo: true });
  forgejo.commits = [a];
  await keeper.refresh();
  forgejo.commits = undefined;
  await keeper.refresh();
  await clock.pass(10 * MINUTE_MS - 1000);
  forgejo.ms = 8000;
  assert.deepEqual(await judged(b), { kind: "unknown-yet", ms: 8000 });
});

Deno.test("what Forgejo said stays while it is silent, until it is too old; the wall clock's jumps do not matter", async () => {
  const { forgejo, keeper, clock, lines } = setUp({ forgejo: true });
  forgejo.commits = [a];
  await keeper.refresh();
  forgejo.commits = undefined;
  clock.wallOffsetMs += 1000 * 60 * MINUTE_MS;
  await clock.pass(72 * 60 * MINUTE_MS);
  await keeper.refresh();
  await keeper.refresh();
  assert.deepEqual(keeper.current()?.commits, [a]);
  assert.equal(keeper.current()?.source, "last-known");
  await clock.pass(1);
  await keeper.refresh();
  await keeper.refresh();
  assert.equal(keeper.current(), undefined);
  assert.deepEqual(
    lines.map((line) =>
      /event=(\S+) source=(\S+)/.exec(line)?.slice(1) ?? line.split(" event=")[1]
    ),
    [
      ["window-read", "forgejo"],
      ["window-failed", "forgejo"],
      ["window-read", "last-known"],
      'window-lost why="no source answers, and the window known last is older than 72 h (window.max_stale_hours)"',
    ],
    "each change is said once",
  );
});

Deno.test("what Forgejo says replaces all, and a rewritten branch is said", async () => {
  const { forgejo, keeper, judged, lines } = setUp({ forgejo: true });
  forgejo.commits = [b, a];
  await keeper.refresh();
  forgejo.commits = [c, a];
  await keeper.refresh();
  assert.equal((await judged(b)).kind, "out-of-window");
  forgejo.commits = [a];
  await keeper.refresh();
  const said = lines.filter((line) => line.includes("event=window-rewritten"));
  assert.deepEqual(said.map((line) => / gone=.* was=./.exec(line)?.[0]), [
    " gone=1 before=2 size=2 was=b",
    " gone=1 before=2 size=1 was=c",
  ]);
});

Deno.test("refreshes at the same time are one", async () => {
  const { keeper, forgejo } = setUp({ forgejo: true });
  forgejo.commits = [a];
  await Promise.all([keeper.refresh(), keeper.refresh()]);
  assert.equal(forgejo.reads, 1);
});

Deno.test("it refreshes at once and then on the schedule, with jitter, until it is told to stop", async () => {
  const { keeper, forgejo, clock } = setUp({ forgejo: true });
  forgejo.commits = [a];
  const stop = new AbortController();
  const running = keeper.run(stop.signal);
  await clock.pass(0);
  assert.equal(forgejo.reads, 1);
  await clock.pass(10 * MINUTE_MS);
  assert.equal(forgejo.reads, 11);
  stop.abort();
  await running;
});
