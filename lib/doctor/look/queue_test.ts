import assert from "node:assert/strict";
import { layoutOf } from "../../queue/mod.ts";
import { plainFs } from "../../sys/mod.ts";
import { lookAtQueue, type QueueFacts } from "./queue.ts";

const NOBODY = { uid: 65534, gids: [65534] };

function record(id: string, outcome: string): string {
  return JSON.stringify({
    format: 1,
    id,
    signature: "0".repeat(64),
    stamp: "a".repeat(40),
    packed: null,
    tries: 1,
    first_try: null,
    last_try: null,
    next_try: null,
    last: { outcome, code: outcome, detail: "why" },
  });
}

/** What is seen of a queue that `make` has made, by a shipper that runs as `who`. */
async function look(
  make: (dataDir: string) => void,
  who = { uid: 0, gids: [0] },
): Promise<QueueFacts> {
  const dataDir = await Deno.makeTempDir();
  try {
    for (const name of ["episodes", "outbox", "shipped"]) Deno.mkdirSync(`${dataDir}/${name}`);
    make(dataDir);
    const parts = { fs: plainFs(), layout: layoutOf(dataDir), who, nowMs: Date.now() };
    const seen = lookAtQueue(parts);
    assert(seen.kind === "seen");
    return seen.value;
  } finally {
    await Deno.remove(dataDir, { recursive: true });
  }
}

function episode(dataDir: string, id: string): void {
  Deno.mkdirSync(`${dataDir}/episodes/${id}`);
  Deno.writeTextFileSync(`${dataDir}/episodes/${id}/meta.json`, "0123456789");
}

Deno.test("what waits is counted, the oldest named, and the last try told", async () => {
  const queue = await look((dataDir) => {
    for (const id of ["a", "b", "c"]) episode(dataDir, id);
    Deno.utimeSync(`${dataDir}/episodes/b`, new Date(1000), new Date(1000));
    Deno.writeTextFileSync(`${dataDir}/outbox/a.json`, record("a", "held"));
    Deno.writeTextFileSync(`${dataDir}/outbox/b.json`, record("b", "stuck"));
    Deno.writeTextFileSync(`${dataDir}/outbox/c.json`, "half a rec");
  });
  assert.equal(queue.episodes, 3);
  assert.equal(queue.bytes, 30);
  assert.deepEqual(queue.oldest, { id: "b", sinceMs: 1000 });
  assert.deepEqual(queue.held, [{ id: "a", stamp: "a".repeat(40) }]);
  assert.deepEqual(queue.stuck.map(({ id, last }) => [id, last.detail]), [["b", "why"]]);
  assert.deepEqual([queue.strangers, queue.orphans, queue.immovable], [[], [], []]);
});

Deno.test("strangers are files and names that no id has; work in progress is none", async () => {
  const { strangers, episodes } = await look((dataDir) => {
    Deno.mkdirSync(`${dataDir}/episodes/two words`);
    Deno.mkdirSync(`${dataDir}/episodes/.recording`);
    Deno.writeTextFileSync(`${dataDir}/episodes/file`, "");
    Deno.symlinkSync("/", `${dataDir}/episodes/link`);
  });
  assert.deepEqual(strangers, [
    { name: "file", type: "file" },
    { name: "link", type: "symlink" },
    { name: "two words", type: "directory" },
  ]);
  assert.equal(episodes, 0);
});

Deno.test("files in outbox/ of an episode that is gone are orphans, but not while it is being moved", async () => {
  const { orphans } = await look((dataDir) => {
    for (const id of ["here", "gone", "moving"]) {
      Deno.writeTextFileSync(`${dataDir}/outbox/${id}.tar.zst`, "");
    }
    episode(dataDir, "here");
    Deno.mkdirSync(`${dataDir}/shipped/moving`);
  });
  assert.deepEqual(orphans, ["gone"]);
});

Deno.test("a directory that the shipper may not write is one that it may not move", async () => {
  const { immovable } = await look((dataDir) => {
    for (const id of ["closed", "open"]) episode(dataDir, id);
    Deno.chmodSync(`${dataDir}/episodes/closed`, 0o755);
    Deno.chmodSync(`${dataDir}/episodes/open`, 0o777);
  }, NOBODY);
  assert.deepEqual(immovable, ["closed"]);
});

Deno.test("a backlog of thousands is counted, and opened in part", async () => {
  const { episodes, isCut } = await look((dataDir) => {
    for (let i = 0; i < 600; i++) Deno.mkdirSync(`${dataDir}/episodes/e${i}`);
  });
  assert.deepEqual([episodes, isCut], [600, true]);
});
