/**
 * A lab host on the file system that forgets: the real queue and the real packer, run until the power goes at the n-th
 * operation, then again on what the cut left. The receiver is a fake that keeps what it stored through every cut.
 */
import { createHash } from "node:crypto";
import { pack } from "../../lib/archive/mod.ts";
import type { Digest, EpisodeId, HostId, Stamp } from "../../lib/episode/mod.ts";
import { openQueue } from "../../lib/queue/mod.ts";
import { createShop, runPass } from "../../lib/shipper/mod.ts";
import { type Clock, findFile, type Locks, type Random } from "../../lib/sys/mod.ts";
import type { Answer, Transport, Upload } from "../../lib/transport/mod.ts";
import { type ProblemName, problemOf } from "../../lib/wire/mod.ts";
import { type Interfere, ModelFs, PowerCut } from "./filesystem.ts";
import { packPlainly } from "./plain_packer.ts";

const STAMP = "a".repeat(40) as Stamp;
const DATA = "/data";

/** What the receiver answers for an id that begins with the letter. */
const REFUSALS: Readonly<Record<string, ProblemName>> = { f: "bad-meta", h: "out-of-window" };

const KEEP_ALL = { quarantineKeepMs: undefined, shippedKeepMs: undefined, intervalMs: 0 };
const REMOVE_ALL = { quarantineKeepMs: 1, shippedKeepMs: 1, intervalMs: 0 };

class Receiver implements Transport {
  readonly store = new Map<string, Digest>();
  readonly faults: string[] = [];
  /** The lab host's disk, to read archives from. */
  fs: ModelFs | undefined;

  upload(upload: Upload): Promise<Answer> {
    const bytes = this.fs && findFile(this.fs, upload.archive, 2 ** 24) || new Uint8Array();
    if (createHash("sha256").update(bytes).digest("hex") !== upload.archiveDigest) {
      this.faults.push(`the archive of ${upload.id} was sent torn`);
    }
    const refusal = REFUSALS[upload.id.charAt(0)];
    if (refusal !== undefined) {
      const problem = problemOf(refusal);
      return Promise.resolve({ kind: "refused", name: refusal, problem, retryAfterMs: undefined });
    }
    const already = this.store.has(upload.id);
    this.store.set(upload.id, upload.episodeDigest);
    const receipt = {
      format: 1,
      host: "lab-1" as HostId,
      id: upload.id,
      episode_digest: upload.episodeDigest,
      archive_digest: upload.archiveDigest,
      archive_bytes: upload.archiveBytes,
      tar_bytes: 0,
      entries: 0,
      code_commit: STAMP,
      stored_at: "2026-01-01T00:00:00Z",
      receiver: "0",
    } as const;
    return Promise.resolve({ kind: "stored", already, receipt });
  }
  window() {
    const window = {
      branch: "main",
      source: "last-known" as const,
      read_at: "2026-01-01T00:00:00Z",
      commits: [STAMP],
    };
    return Promise.resolve({ kind: "window" as const, window });
  }
  /** What its clock says. */
  now = () => 0;
  ping() {
    const time = new Date(this.now()).toISOString();
    const pong = { receiver: "0", time, host: "lab-1", window: null };
    return Promise.resolve({ kind: "pong" as const, pong });
  }
  stored(id: EpisodeId) {
    const episodeDigest = this.store.get(id);
    return Promise.resolve(
      episodeDigest === undefined
        ? { kind: "missing" as const }
        : { kind: "present" as const, episodeDigest },
    );
  }
  close() {}
}

/** Locks of a machine on which nobody else runs. */
const locks: Locks = {
  tryLock: () => ({ write: () => {}, moveTo: () => true, release: () => {} }),
};

export interface Run {
  /** Ids of the episodes; their first letter says what the receiver thinks of them. */
  readonly ids: readonly string[];
  readonly random: Random;
  /** Before which changing operation of each life the power goes; a life without a number runs to its end. */
  readonly cuts: readonly number[];
  /** Whatever lies on a shelf is old, and is removed by the life that follows; not by the last one, which would hide traces. */
  readonly prune?: boolean;
  /** Packs without compressing: many more runs in the same time. */
  readonly isPlain?: boolean;
  /** Syncs that do nothing. */
  readonly skip?: (operation: string, path: string) => boolean;
}

/** Operations that change the disk: those at which a cut makes a difference. */
const CHANGES = new Set([
  "create",
  "write",
  "sync",
  "truncate",
  "rename",
  "renameNoReplace",
  "link",
  "unlink",
  "rmdir",
  "mkdir",
  "syncDir",
]);

/** Runs lives until one ends without a cut; returns what is wrong then, in words. */
export async function runWithCuts(run: Run): Promise<string[]> {
  const receiver = new Receiver();
  let life: number | undefined;
  let count = 0;
  let isDark = false;
  const interfere: Interfere = (operation, path) => {
    if (isDark) throw new PowerCut();
    if (life === undefined || !CHANGES.has(operation)) return undefined;
    const cutAt = run.cuts[life];
    if (cutAt !== undefined && ++count > cutAt) {
      isDark = true;
      throw new PowerCut();
    }
    return run.skip?.(operation, path) ? "skip" : undefined;
  };
  const fs = new ModelFs(1_700_000_000_000_000_000n, interfere);
  receiver.fs = fs;
  const clock: Clock = {
    now: () => 1_700_000_000_000 + 3_600_000 * (life ?? 0),
    monotonic: () => 3_600_000 * (life ?? 0),
    sleep: () => Promise.resolve(),
  };
  receiver.now = clock.now;
  const contents = new Map<string, string>();
  await fs.mkdir(DATA);
  await fs.mkdir(`${DATA}/episodes`);
  for (const id of run.ids) contents.set(id, await recordEpisode(fs, id));
  fs.syncAll();

  for (life = 0; life <= run.cuts.length; life++) {
    count = 0;
    isDark = false;
    const prune = run.prune === true && life < run.cuts.length;
    await live(fs, clock, receiver, { ...run, prune });
    if (isDark) fs.cutPower(run.random);
    isDark = false;
  }
  life = undefined;
  // What is claimed to be done must hold through one more cut.
  fs.cutPower(run.random);
  const faults = run.prune ? faultsOfPruned : faultsOf;
  return [...receiver.faults, ...faults(fs, contents, receiver)];
}

async function recordEpisode(fs: ModelFs, id: string): Promise<string> {
  const root = `${DATA}/episodes/${id}`;
  await fs.mkdir(root);
  const files = {
    "meta.json": JSON.stringify({ code_version: { commit: STAMP }, id }),
    "telemetry.jsonl": `{"of":"${id}"}\n`.repeat(600),
  };
  for (const [name, text] of Object.entries(files)) {
    const file = await fs.create(`${root}/${name}`);
    await file.write(new TextEncoder().encode(text));
    file.close();
  }
  return contentAt(fs, root);
}

function contentAt(fs: ModelFs, root: string): string {
  const decoder = new TextDecoder();
  return JSON.stringify(
    [...fs.snapshot()]
      .filter(([path]) => path.startsWith(`${root}/`))
      .map(([path, bytes]) => [path.slice(root.length), bytes && decoder.decode(bytes)]),
  );
}

/** One process, from its start to the end of a pass or of the power. */
async function live(
  fs: ModelFs,
  clock: Clock,
  receiver: Receiver,
  { random, prune, isPlain }: Run,
): Promise<void> {
  try {
    const log = () => {};
    const queue = await openQueue({ fs, clock, locks, log }, {
      dataDir: DATA,
      settleMs: 0,
      pid: 1,
    });
    const shop = createShop({
      queue,
      packer: { pack: (job, hooks) => isPlain ? packPlainly(fs, job) : pack(fs, job, hooks) },
      transport: receiver,
      random,
      observer: {},
    }, {
      uploads: 2,
      outboxAhead: 2,
      minFreeBytes: 0,
      compressionLevel: 1,
      retention: prune ? REMOVE_ALL : KEEP_ALL,
    });
    await runPass(shop, new AbortController().signal);
  } catch (error) {
    if (!(error instanceof PowerCut)) throw error;
  }
}

function faultsOf(
  fs: ModelFs,
  contents: ReadonlyMap<string, string>,
  receiver: Receiver,
): string[] {
  const faults: string[] = [];
  const names = (path: string) => fs.list(path).map(({ name }) => name ?? "?");
  const text = (path: string) => {
    const bytes = fs.snapshot().get(path);
    return bytes === undefined ? undefined : new TextDecoder().decode(bytes);
  };
  for (const [id, content] of contents) {
    const places = [
      `episodes/${id}`,
      ...["shipped", "quarantine"].flatMap((shelf) =>
        names(`${DATA}/${shelf}`).filter((name) => name === id || name.startsWith(`${id}~`))
          .map((name) => `${shelf}/${name}/episode`)
      ),
    ].filter((place) => contentAt(fs, `${DATA}/${place}`) === content);
    if (places.length !== 1) faults.push(`${id} is in ${places.join(" and ") || "no place"}`);
    const wanted = { f: "quarantine", h: "episodes" }[id.charAt(0)] ?? "shipped";
    if (!places[0]?.startsWith(wanted)) faults.push(`${id} is not in ${wanted}`);
    if (wanted === "shipped") {
      if (!receiver.store.has(id)) faults.push(`${id} is retired and was never stored`);
      const receipt = text(`${DATA}/${places[0]?.replace(/episode$/, "receipt.json")}`);
      const digest = receiver.store.get(id);
      if (!receipt?.includes(`sha256:${digest}`)) faults.push(`${id} has no receipt of its digest`);
    }
    if (wanted === "quarantine") {
      const reason = text(`${DATA}/${places[0]?.replace(/episode$/, "quarantine_reason.json")}`);
      if (!reason?.includes("bad-meta")) faults.push(`${id} has no reason`);
    }
  }
  for (const name of names(`${DATA}/outbox`)) {
    if (!/^h.*\.json$/.test(name)) faults.push(`outbox/${name} is left`);
  }
  return faults;
}

/** As above, when what was on a shelf may have been removed: nothing may look like a half of it, and the receiver has it. */
function faultsOfPruned(
  fs: ModelFs,
  contents: ReadonlyMap<string, string>,
  receiver: Receiver,
): string[] {
  const there = new Map<string, string>();
  const faults: string[] = [];
  const names = ["episodes", "shipped", "quarantine"].flatMap((place) =>
    fs.list(`${DATA}/${place}`).map(({ name }) => name)
  );
  for (const [id, content] of contents) {
    if (names.some((name) => name?.split("~")[0] === id)) there.set(id, content);
    else if (id.startsWith("h")) faults.push(`${id} is lost`);
    else if (!id.startsWith("f") && !receiver.store.has(id)) faults.push(`${id} is nowhere`);
  }
  return [...faults, ...faultsOf(fs, there, receiver)];
}
