/** Any meta.json, of any age: what is stamped stays, what is not goes, and no byte of either is touched. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { type EpisodeId, META_LIMIT_BYTES } from "../../lib/episode/mod.ts";
import {
  drainUnstamped,
  type GivenUp,
  layoutOf,
  listEpisodes,
  type OperatorDisk,
} from "../../lib/queue/mod.ts";
import { exactFs, fileLocks } from "../../lib/sys/mod.ts";
import { ModelFs } from "../model/filesystem.ts";
import { check, contentOf } from "../queue/checker.ts";
import { libc } from "../shipper/lab.ts";

const HOUR_MS = 3_600_000;

/** A meta.json: what makes it, and what is to become of its episode. */
interface Meta {
  readonly make: (path: string) => Promise<void> | void;
  readonly code: "kept" | "unstamped" | "bad-meta" | "missing-meta";
  readonly about: string;
}

const written = (code: Meta["code"], value: unknown): Meta => {
  const text = typeof value === "string" ? value : JSON.stringify(value);
  return { make: (path) => Deno.writeTextFile(path, text), code, about: text };
};

const json = fc.jsonValue();
const extra = fc.dictionary(fc.string(), json);
const hex = (length: number, digits = "0123456789abcdef") =>
  fc.string({ unit: fc.constantFrom(...digits), minLength: length, maxLength: length });
const withCommit = (more: object, commit: unknown) => ({ ...more, code_version: { commit } });

const stamped = fc.tuple(extra, hex(40)).map(([more, commit]) =>
  written("kept", withCommit(more, commit))
);
const wrongCommit = fc.oneof(
  hex(39),
  hex(41),
  hex(64),
  hex(39).map((text) => `${text}A`),
  hex(39).map((text) => `${text}g`),
  hex(40).map((text) => `${text}\n`),
  hex(40).map((text) => ` ${text}`),
  hex(38).map((text) => `0x${text}`),
  fc.string({ maxLength: 39 }),
  json.filter((value) => typeof value !== "string"),
);
const unstamped = fc.oneof(
  fc.tuple(extra, wrongCommit).map(([more, commit]) => withCommit(more, commit)),
  fc.tuple(extra, json.filter((value) => !isObject(value)))
    .map(([more, version]) => ({ ...more, code_version: version })),
  extra.filter((more) => !("code_version" in more)),
).map((value) => written("unstamped", value));
const noObject = json.filter((value) => !isObject(value))
  .map((value) => written("bad-meta", JSON.stringify(value)));
const noJson = fc.oneof(
  extra.map((more) => JSON.stringify(more).slice(0, -1)),
  extra.map((more) => `${JSON.stringify(more)}}`),
  fc.constant(""),
).map((text) => written("bad-meta", text));
const noUtf8: Meta = {
  make: (path) => Deno.writeFile(path, Uint8Array.of(0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d)),
  code: "bad-meta",
  about: "a byte that is not UTF-8",
};
const huge: Meta = {
  make: async (path) => {
    const text = JSON.stringify(withCommit({}, "0".repeat(40)));
    await Deno.writeTextFile(path, text.padEnd(META_LIMIT_BYTES + 1));
  },
  code: "bad-meta",
  about: "one byte too many",
};
const odd = fc.constantFrom<Meta>(
  noUtf8,
  huge,
  { make: (path) => Deno.mkdir(path), code: "bad-meta", about: "a directory" },
  { make: (path) => Deno.symlink("../../x", path), code: "bad-meta", about: "a link" },
  { make: fifo, code: "bad-meta", about: "a FIFO" },
  { make: () => {}, code: "missing-meta", about: "none" },
);

function isObject(value: unknown): boolean {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

async function fifo(path: string): Promise<void> {
  assert.ok((await new Deno.Command("mkfifo", { args: [path] }).output()).success);
}

const metas = fc.array(fc.oneof(stamped, unstamped, noObject, noJson, odd), {
  minLength: 1,
  maxLength: 8,
});

const OPTIONS = { dryRun: false, missingMetaAgeMs: 24 * HOUR_MS, settleMs: 10_000 };

async function drain(disk: OperatorDisk, options = OPTIONS): Promise<Map<string, GivenUp>> {
  const all = await Array.fromAsync(drainUnstamped(disk, listEpisodes(disk).ids, options));
  return new Map(all.map((one) => [one.id, one]));
}

/** Records a round of episodes under the ids that all rounds share, and drains them. */
async function round(disk: OperatorDisk, dir: string, all: readonly Meta[]) {
  const expected = new Map<string, string>();
  for (const [at, { make }] of all.entries()) {
    const path = `${dir}/episodes/e${at}`;
    // A stamped one of an earlier round keeps its place.
    try {
      await Deno.mkdir(path, { recursive: false });
    } catch {
      continue;
    }
    await Deno.writeTextFile(`${path}/telemetry.jsonl`, crypto.randomUUID());
    await make(`${path}/meta.json`);
    expected.set(`e${at}`, contentOf(path));
  }
  const planned = await drain(disk, { ...OPTIONS, dryRun: true });
  const results = await drain(disk);
  assert.deepEqual(planned, results);
  for (const id of expected.keys()) {
    const { code, about } = all[Number(id.slice(1))] ?? {};
    const result = results.get(id);
    const became = result?.kind === "quarantined" ? result.code : result?.kind;
    assert.equal(became, code, `${id}: ${about}`);
  }
  return expected;
}

Deno.test("whatever meta.json holds, its episode is judged rightly, moved whole, and overwrites none", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(metas, { minLength: 1, maxLength: 3 }), async (rounds) => {
      const dir = await Deno.makeTempDir({ prefix: "cis490-metas-" });
      try {
        await Deno.mkdir(`${dir}/episodes`);
        const disk: OperatorDisk = {
          fs: exactFs(libc),
          layout: layoutOf(dir),
          locks: fileLocks(libc),
          // Everything is old enough for everything.
          clock: {
            now: () => Date.now() + 25 * HOUR_MS,
            monotonic: () => 0,
            sleep: async () => {},
          },
        };
        const expected = new Map<string, string>();
        for (const [at, all] of rounds.entries()) {
          for (const [id, content] of await round(disk, dir, all)) {
            expected.set(`${id} of round ${at}`, content);
          }
        }
        assert.deepEqual(check(dir, expected).faults, []);
        const again = [...(await drain(disk)).values()].map(({ kind }) => kind);
        assert.ok(again.every((kind) => kind === "kept"), "a second time finds nothing to do");
      } finally {
        await Deno.remove(dir, { recursive: true });
      }
    }),
    { numRuns: 40 },
  );
});

/** A file that is written into an episode, so many hours after the one before. */
interface Write {
  readonly afterHours: number;
  readonly deep: boolean;
}

const writes = fc.array(
  fc.record({ afterHours: fc.nat(30), deep: fc.boolean() }),
  { minLength: 1, maxLength: 4 },
);

async function recordAt(fs: ModelFs, path: string, all: readonly Write[], meta?: string) {
  const encoder = new TextEncoder();
  const write = async (name: string, text: string) => {
    const file = await fs.create(`${path}/${name}`);
    await file.write(encoder.encode(text));
    file.close();
  };
  await fs.mkdir(path);
  await fs.mkdir(`${path}/sub`);
  if (meta !== undefined) await write("meta.json", meta);
  for (const [at, { afterHours, deep }] of all.entries()) {
    fs.advance(BigInt(afterHours * HOUR_MS) * 1_000_000n);
    await write(deep ? `sub/${at}` : `${at}`, "x");
  }
}

Deno.test("one without meta.json goes when its newest change, however deep, is --min-age old; others after settle_s", async () => {
  const startMs = 1_700_000_000_000;
  await fc.assert(
    fc.asyncProperty(
      writes,
      fc.integer({ min: -2, max: 2 }),
      fc.nat(48),
      fc.constantFrom(-1, 1),
      fc.boolean(),
      async (all, moreHours, minHours, aside, hasMeta) => {
        const neededHours = hasMeta ? 1 : minHours;
        const sinceHours = Math.max(0, neededHours + moreHours);
        const fs = new ModelFs(BigInt(startMs) * 1_000_000n);
        for (const path of ["/d", "/d/episodes"]) await fs.mkdir(path);
        await recordAt(fs, "/d/episodes/a", all, hasMeta ? "{}" : undefined);
        const lastMs = startMs + all.reduce((sum, one) => sum + one.afterHours, 0) * HOUR_MS;
        // A millisecond this side of the full hour, or the other.
        const now = () => lastMs + sinceHours * HOUR_MS + aside;
        const disk: OperatorDisk = {
          fs,
          layout: layoutOf("/d"),
          locks: { tryLock: () => ({ write() {}, moveTo: () => true, release() {} }) },
          clock: { now, monotonic: () => 0, sleep: async () => {} },
        };
        const options = { dryRun: false, missingMetaAgeMs: minHours * HOUR_MS, settleMs: HOUR_MS };
        const isOld = sinceHours > neededHours || (sinceHours === neededHours && aside === 1);
        const [result] = await Array.fromAsync(drainUnstamped(disk, ["a" as EpisodeId], options));
        assert.equal(result?.kind, isOld ? "quarantined" : "kept");
      },
    ),
    { numRuns: 300 },
  );
});
