import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import {
  announcementOf,
  type Bench,
  bytesOf,
  HOST,
  ID,
  readAll,
  receiptFor,
  storeContract,
} from "../../../tests/contract/store.ts";
import { seededRandom } from "../../../tests/model/seeded_random.ts";
import { type Interfere, ModelFs, PowerCut } from "../../../tests/model/filesystem.ts";
import { createLog } from "../../events/mod.ts";
import { type Clock, plainFs, systemClock } from "../../sys/mod.ts";
import type { Store } from "../store.ts";
import { openPosixStore } from "./posix.ts";

const START_NS = 1_800_000_000_000_000_000n;
const log = createLog(() => {}, { priority: false });

storeContract("a real directory", async (): Promise<Bench> => {
  const directory = await Deno.makeTempDir({ prefix: "cis490-store-" });
  return {
    open: () => openPosixStore({ fs: plainFs(), clock: systemClock, log }, `${directory}/store`),
    cut() {},
    advance(ms) {
      // The clock can't be moved, so what is there is made older.
      const aged = new Date(systemClock.now() - ms);
      for (const { name } of Deno.readDirSync(`${directory}/store/uploads/${HOST}`)) {
        Deno.utimeSync(`${directory}/store/uploads/${HOST}/${name}`, aged, aged);
      }
    },
    [Symbol.asyncDispose]: () => Deno.remove(directory, { recursive: true }),
  };
});

/** A store on the model file system; its parent directory is there and durable. */
async function modelled(interfere: Interfere = () => undefined) {
  const fs = new ModelFs(START_NS, interfere);
  await fs.mkdir("/data");
  fs.syncAll();
  let nowMs = Number(START_NS / 1_000_000n);
  const clock: Clock = { ...systemClock, now: () => nowMs };
  return {
    fs,
    open: () => openPosixStore({ fs, clock, log }, "/data/store"),
    advance(ms: number) {
      nowMs += ms;
      fs.advance(BigInt(ms) * 1_000_000n);
    },
  };
}

for (const seed of [1, 2, 3, 4, 5]) {
  storeContract(`a power cut, seed ${seed}`, async (): Promise<Bench> => {
    const { fs, open, advance } = await modelled();
    const random = seededRandom(seed);
    return {
      open,
      advance,
      cut: () => fs.cutPower(random),
      [Symbol.asyncDispose]: () => Promise.resolve(),
    };
  });
}

const NAME = `/data/store/episodes/${HOST}/${ID}`;
const BYTES = bytesOf("archive", 20_000);

/** Stores an episode; the answer to the client is the return. */
async function put(store: Store): Promise<void> {
  const incoming = await store.receive(HOST, ID);
  await incoming.write(BYTES);
  await incoming.finish();
  await store.putIfAbsent(incoming, receiptFor(BYTES));
}

/** Sends an episode in two pieces; `acknowledged` is told each offset. */
async function putInPieces(store: Store, acknowledged: (offset: number) => void): Promise<void> {
  const announcement = announcementOf(BYTES);
  acknowledged((await store.announce(announcement)).offsetBytes);
  for (const [from, to] of [[0, 12_000], [12_000, 20_000]] as const) {
    const piece = await store.append(announcement);
    await piece.write(BYTES.subarray(from, to));
    acknowledged((await piece.commit()).offsetBytes);
  }
  await store.putIfAbsent(announcement, receiptFor(BYTES));
  await store.dropPartial(announcement);
}

/** More than either work makes, so that the last cut comes after its end. */
const CHANGES = 45;
const SEEDS = 30;

/** What a power cut at the `at`-th change of the disk breaks; undefined when the work ended before. */
async function findBreach(
  work: (store: Store, acknowledged: (offset: number) => void) => Promise<void>,
  options: { readonly at: number; readonly skippedSync?: number; readonly seed: number },
): Promise<string | undefined> {
  let changes = 0;
  let syncs = 0;
  let isArmed = false;
  const { fs, open } = await modelled((operation) => {
    if (!isArmed || ["lstat", "list", "openRead", "read"].includes(operation)) return;
    if (++changes === options.at) throw new PowerCut();
    const isSync = operation === "sync" || operation === "syncDir";
    return isSync && ++syncs === options.skippedSync ? "skip" : undefined;
  });
  const store = await open();
  fs.syncAll();
  isArmed = true;
  let offset: number | undefined;
  let isStored = false;
  try {
    await work(store, (acknowledged) => offset = acknowledged);
    isStored = true;
  } catch (error) {
    if (!(error instanceof PowerCut)) throw error;
  }
  isArmed = false;
  fs.cutPower(seededRandom(options.seed));
  const names = fs.snapshot();
  if (names.has(`${NAME}.json`) && !names.has(`${NAME}.tar.zst`)) return "a receipt stands alone";
  return await judge(await open(), isStored, offset);
}

async function judge(
  store: Store,
  isStored: boolean,
  offset?: number,
): Promise<string | undefined> {
  const receipt = await store.find(HOST, ID);
  const isSame = (bytes: Uint8Array, length = BYTES.byteLength) =>
    Buffer.compare(bytes.subarray(0, length), BYTES.subarray(0, length)) === 0;
  if (receipt === undefined && isStored) return "an acknowledged episode is gone";
  if (receipt !== undefined) {
    if (!isSame(readAll(store.openArchive(HOST, ID)))) return "a stored archive is torn";
    return undefined;
  }
  for (const { host, id } of await store.unreceipted()) {
    if (!isSame(readAll(store.openArchive(host, id)))) return "a torn archive has a final name";
  }
  const partial = await store.findPartial(announcementOf(BYTES));
  if (offset !== undefined && (partial?.offsetBytes ?? -1) < offset) return "a piece is gone";
  if (partial !== undefined) {
    const bytes = readAll(store.openPartial(announcementOf(BYTES), 0));
    if (!isSame(bytes, partial.offsetBytes)) return "the offset counts bytes that are not there";
  }
  return undefined;
}

const WORKS = { "a whole archive": put, "an archive in pieces": putInPieces };

for (const [name, work] of Object.entries(WORKS)) {
  Deno.test(`${name}: a power cut at any change of the disk breaks no promise`, async () => {
    for (let at = 1; at <= CHANGES; at++) {
      for (let seed = 1; seed <= SEEDS; seed++) {
        assert.equal(await findBreach(work, { at, seed }), undefined, `change ${at}, seed ${seed}`);
      }
    }
  });
}

/** The syncs of `work`, by number, without which some cut breaks a promise. */
async function findNeeded(work: typeof putInPieces, syncs: number): Promise<number[]> {
  const numbers = Array.from({ length: syncs }, (_, at) => at + 1);
  const needed: number[] = [];
  for (const skippedSync of numbers) {
    if (await isNeeded(work, skippedSync)) needed.push(skippedSync);
  }
  return needed;
}

async function isNeeded(work: typeof putInPieces, skippedSync: number): Promise<boolean> {
  for (let at = CHANGES; at > 0; at--) {
    for (let seed = 1; seed <= SEEDS; seed++) {
      if (await findBreach(work, { at, seed, skippedSync }) !== undefined) return true;
    }
  }
  return false;
}

Deno.test("a sync left out is found out by the same cuts", async () => {
  // The first makes uploads/<host>/ durable, in which nothing of a whole archive has to stay.
  assert.deepEqual(await findNeeded(put, 7), [2, 3, 4, 5, 6]);
  assert.deepEqual(
    await findNeeded(putInPieces, 14),
    Array.from({ length: 13 }, (_, at) => at + 1),
  );
});
