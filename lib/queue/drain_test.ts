import assert from "node:assert/strict";
import { type EpisodeId, findEpisodeId } from "../episode/mod.ts";
import { exactFs, fileLocks, Libc } from "../sys/mod.ts";
import { type DrainOptions, drainUnstamped } from "./drain.ts";
import type { GivenUp } from "./give_up.ts";
import { layoutOf } from "./layout.ts";
import { listEpisodes } from "./queue.ts";

const STAMP = "0123456789abcdef0123456789abcdef01234567";
const DAY_MS = 86_400_000;
const libc = new Libc();

function id(text: string): EpisodeId {
  const found = findEpisodeId(text);
  assert(found !== undefined);
  return found;
}

/** A queue with these episodes, by their files; the clock runs `aheadMs` ahead of the files' times. */
async function withQueue(
  episodes: Readonly<Record<string, Readonly<Record<string, string>>>>,
  test: (queue: Awaited<ReturnType<typeof makeQueue>>) => Promise<void>,
): Promise<void> {
  const dataDir = await Deno.makeTempDir();
  try {
    await test(await makeQueue(dataDir, episodes));
  } finally {
    await Deno.remove(dataDir, { recursive: true });
  }
}

async function makeQueue(
  dataDir: string,
  episodes: Readonly<Record<string, Readonly<Record<string, string>>>>,
) {
  for (const [name, files] of Object.entries(episodes)) {
    await Deno.mkdir(`${dataDir}/episodes/${name}`, { recursive: true });
    for (const [file, text] of Object.entries(files)) {
      await Deno.writeTextFile(`${dataDir}/episodes/${name}/${file}`, text);
    }
  }
  let aheadMs = 0;
  const disk = {
    fs: exactFs(libc),
    layout: layoutOf(dataDir),
    locks: fileLocks(libc),
    clock: { now: () => Date.now() + aheadMs, monotonic: () => 0, sleep: () => Promise.resolve() },
  };
  const drain = async (options: Partial<DrainOptions> = {}) => {
    const results: Record<string, GivenUp> = {};
    const all = { dryRun: false, missingMetaAgeMs: DAY_MS, settleMs: 10_000, ...options };
    for await (const each of drainUnstamped(disk, listEpisodes(disk).ids, all)) {
      results[each.id] = each;
    }
    return results;
  };
  return {
    dataDir,
    disk,
    drain,
    later: (ms: number) => void (aheadMs += ms),
    kinds: async (options?: Partial<DrainOptions>) =>
      Object.fromEntries(Object.entries(await drain(options)).map(([id, { kind }]) => [id, kind])),
  };
}

function meta(commit: unknown): Record<string, string> {
  return { "meta.json": JSON.stringify({ code_version: { commit } }) };
}

/** Every path with its mode, times and content. */
async function snapshot(root: string): Promise<string> {
  const find = new Deno.Command("find", { args: [root, "-printf", "%p %m %T@ %C@ %s\\n"] });
  return new TextDecoder().decode((await find.output()).stdout);
}

Deno.test("stamped episodes stay, all others go to quarantine with their reason", async () => {
  await withQueue({
    good: meta(STAMP),
    short: meta(STAMP.slice(1)),
    upper: meta(STAMP.toUpperCase()),
    number: meta(5),
    none: { "meta.json": "{}" },
    array: { "meta.json": "[]" },
    broken: { "meta.json": "{" },
  }, async (queue) => {
    queue.later(60_000);
    assert.deepEqual(await queue.kinds(), {
      good: "kept",
      short: "quarantined",
      upper: "quarantined",
      number: "quarantined",
      none: "quarantined",
      array: "quarantined",
      broken: "quarantined",
    });
    assert.deepEqual(Array.from(Deno.readDirSync(`${queue.dataDir}/episodes`), (e) => e.name), [
      "good",
    ]);
    const place = queue.disk.layout.place("quarantine", "short");
    assert.equal(
      Deno.readTextFileSync(`${place.episode}/meta.json`),
      meta(STAMP.slice(1))["meta.json"],
    );
    const reason = JSON.parse(Deno.readTextFileSync(place.note));
    assert.equal(reason.code, "unstamped");
    assert.match(reason.remediation, /install-lab-host/);
    assert.deepEqual(await queue.kinds(), { good: "kept" }, "a second time finds nothing to do");
  });
});

Deno.test("an episode without meta.json goes only after its age, and one that just changed stays", async () => {
  await withQueue({ recording: { "a.jsonl": "" }, fresh: { "meta.json": "{}" } }, async (queue) => {
    assert.deepEqual(await queue.kinds(), { recording: "kept", fresh: "kept" });
    queue.later(DAY_MS - 60_000);
    assert.deepEqual(await queue.kinds(), { recording: "kept", fresh: "quarantined" });
    queue.later(120_000);
    assert.deepEqual(await queue.kinds(), { recording: "quarantined" });
  });
});

Deno.test("a dry run decides the same and changes nothing", async () => {
  await withQueue({ good: meta(STAMP), bad: meta(1), old: { x: "" } }, async (queue) => {
    queue.later(2 * DAY_MS);
    const before = await snapshot(queue.dataDir);
    const planned = await queue.drain({ dryRun: true });
    assert.equal(await snapshot(queue.dataDir), before);
    assert.deepEqual(planned, await queue.drain());
  });
});

Deno.test("a name that is taken in quarantine/ is not overwritten", async () => {
  await withQueue({ bad: meta(1) }, async (queue) => {
    queue.later(60_000);
    await queue.drain();
    await Deno.mkdir(`${queue.dataDir}/episodes/bad`);
    await Deno.writeTextFile(`${queue.dataDir}/episodes/bad/meta.json`, "{}");
    const { bad } = await queue.drain();
    assert(bad?.kind === "quarantined");
    assert.equal(bad.name, "bad~2");
    const { layout } = queue.disk;
    const first = Deno.readTextFileSync(`${layout.place("quarantine", "bad").episode}/meta.json`);
    assert.equal(first, meta(1)["meta.json"]);
    assert(Deno.statSync(layout.place("quarantine", "bad~2").episode).isDirectory);
  });
});

Deno.test("an episode that another process has in hand is reported and left alone", async () => {
  await withQueue({ bad: meta(1) }, async (queue) => {
    queue.later(60_000);
    const { locks, layout } = queue.disk;
    await Deno.mkdir(layout.locks);
    const lock = locks.tryLock(layout.lock(id("bad")), { remove: true });
    assert(lock !== undefined);
    assert.deepEqual(await queue.kinds(), { bad: "busy" });
    lock.release();
    assert.deepEqual(await queue.kinds(), { bad: "quarantined" });
    assert.deepEqual([...Deno.readDirSync(layout.locks)], [], "no lock file is left");
  });
});

Deno.test("a meta.json that is a link, a directory or huge is no stamp, and is never followed", async () => {
  await withQueue({ link: {}, directory: {}, huge: {} }, async (queue) => {
    const { episodes } = queue.disk.layout;
    await Deno.writeTextFile(`${queue.dataDir}/outside.json`, meta(STAMP)["meta.json"] ?? "");
    await Deno.symlink("../../outside.json", `${episodes}/link/meta.json`);
    await Deno.mkdir(`${episodes}/directory/meta.json`);
    await Deno.writeTextFile(`${episodes}/huge/meta.json`, "");
    await Deno.truncate(`${episodes}/huge/meta.json`, 2 ** 30);
    queue.later(60_000);
    assert.deepEqual(await queue.kinds(), {
      link: "quarantined",
      directory: "quarantined",
      huge: "quarantined",
    });
  });
});

Deno.test("a meta.json that becomes a directory or huge while it is looked at does not end the command", async () => {
  const bare = meta(undefined);
  await withQueue({ directory: bare, huge: bare, other: bare }, async (queue) => {
    queue.later(60_000);
    const { fs, layout } = queue.disk;
    const before: Record<string, (path: string) => void> = {
      [layout.episode(id("directory"))]: (path) => {
        Deno.removeSync(path);
        Deno.mkdirSync(path);
      },
      [layout.episode(id("huge"))]: (path) => Deno.truncateSync(path, 2 ** 30),
    };
    queue.disk.fs = {
      ...fs,
      openRead: (path) => {
        if (Deno.lstatSync(path).isFile) before[path.replace(/\/meta\.json$/, "")]?.(path);
        return fs.openRead(path);
      },
    };
    assert.deepEqual(await queue.kinds(), {
      directory: "quarantined",
      huge: "quarantined",
      other: "quarantined",
    });
  });
});

Deno.test("an episode that goes, or loses a directory, in the moment of its move leaves no reason without it", async () => {
  const bare = meta(1);
  await withQueue({ gone: bare, hollow: bare, other: bare }, async (queue) => {
    const { fs, layout } = queue.disk;
    const inner = `${layout.episode(id("hollow"))}/sub`;
    await Deno.mkdir(inner);
    await Deno.writeTextFile(`${inner}/cpu.jsonl`, "");
    queue.later(60_000);
    queue.disk.fs = {
      ...fs,
      findStat: (path) => {
        if (path === `${inner}/cpu.jsonl`) {
          Deno.removeSync(inner, { recursive: true });
          Deno.writeTextFileSync(inner, "");
        }
        return fs.findStat(path);
      },
      renameNoReplace: (from, to) => {
        if (from === layout.episode(id("gone"))) Deno.removeSync(from, { recursive: true });
        return fs.renameNoReplace(from, to);
      },
    };
    assert.deepEqual(await queue.kinds(), { gone: "kept", hollow: "kept", other: "quarantined" });
    const left = [...Deno.readDirSync(layout.shelf("quarantine"))].map(({ name }) => name);
    assert.deepEqual(left, ["other"]);
  });
});
